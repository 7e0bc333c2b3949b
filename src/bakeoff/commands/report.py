"""``report``: a finished bakeoff's report, built again from its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.record.bakeoff import require_bakeoff
from bakeoff.record.layout import PLAN, VERDICT
from bakeoff.record.plan import RecordedPlan
from bakeoff.report.pages.markdown import write_markdown
from bakeoff.report.pages.report import write_report
from bakeoff.training.trial.assembly import open_data
from bakeoff.training.trial.saved_run import check_targets


def run(config: Mapping[str, Any]) -> Path:
    """Writes ``report.html`` into the bakeoff's folder.

    Raises:
        ConfigError: the folder holds no finished bakeoff.
    """
    folder = Path(config["run"])
    require_bakeoff(folder, VERDICT, key="run", next_step="finish it: give its compare command again")
    report = write_report(folder, examples=lambda rows: _examples(folder, rows))
    write_markdown(folder)
    print(f"report {report}")
    return report


def _examples(folder: Path, rows: Sequence[int]) -> list[Any]:
    """Test examples, from the data that the plan names."""
    plan = RecordedPlan.read(folder / PLAN)
    check_targets(folder, plan.trial_config)
    return open_data(plan.trial_config, plan.seeds[0]).show("test", rows)
