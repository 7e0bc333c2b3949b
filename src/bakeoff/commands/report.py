"""``report``: a finished bakeoff's report, built again from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.data.contract import TaskData
from bakeoff.record.bakeoff import require_bakeoff
from bakeoff.record.layout import PLAN, VERDICT
from bakeoff.record.plan import RecordedPlan
from bakeoff.report.pages.markdown import write_markdown
from bakeoff.report.pages.report import write_report
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.saved_run import check_targets


def run(config: Mapping[str, Any]) -> Path:
    """Writes ``report.html`` into the bakeoff's folder.

    Raises:
        ConfigError: the folder holds no finished bakeoff.
    """
    folder = Path(config["run"])
    require_bakeoff(folder, VERDICT, key="run", next_step="finish it: give its compare command again")
    report = write_report(folder, examples=lambda rows: planned_data(folder).show("test", rows))
    write_markdown(folder)
    print(f"report {report}")
    return report


def planned_data(folder: Path) -> TaskData:
    """The data that a bakeoff's plan names.

    Raises:
        BakeoffError: it can't be had here, or the plan names other classes than the installed configuration.
    """
    plan = RecordedPlan.read(folder / PLAN)
    check_targets(folder, plan.trial_config)
    return TrialConfig.of(plan.trial_config).open_data(plan.seeds[0])
