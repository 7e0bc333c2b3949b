"""``report``: a finished bakeoff's report, built again from its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.config import build
from bakeoff.data.contract import TaskData
from bakeoff.errors import ConfigError
from bakeoff.files import read_json
from bakeoff.report.pages.markdown import write_markdown
from bakeoff.report.pages.report import write_report
from bakeoff.training.trial.saved_run import check_targets


def run(config: Mapping[str, Any]) -> Path:
    """Writes ``report.html`` into the bakeoff's folder.

    Raises:
        ConfigError: the folder holds no finished bakeoff.
    """
    folder = Path(config["run"])
    if not (folder / "verdict.json").exists():
        raise ConfigError(
            "config.no_bakeoff",
            "run",
            folder,
            f"no finished bakeoff there (looked for verdict.json in {folder.resolve()})",
            next_step="finish it: give its compare command again",
        )
    report = write_report(folder, examples=lambda rows: _examples(folder, rows))
    write_markdown(folder)
    print(f"report {report}")
    return report


def _examples(folder: Path, rows: Sequence[int]) -> list[Any]:
    """Test examples, from the data that the plan names."""
    plan = read_json(folder / "plan.json")
    config = plan["contenders"][0]["config"]
    check_targets(folder, config)
    data: TaskData = build(config["data"]["module"], "data.module", seed=plan["seeds"][0])
    data.setup()
    return data.show("test", rows)
