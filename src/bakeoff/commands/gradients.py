"""``gradients``: how far back the loss reaches, as JSON, a page and a table."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.commands.console import page_console
from bakeoff.commands.report import run as build_report
from bakeoff.commands.scale import check_sizes
from bakeoff.comparison.measuring.gradients import of_contenders, of_runs, runs_of_bakeoff
from bakeoff.config import allow
from bakeoff.files import read_json, write_json
from bakeoff.record.layout import GRADIENTS, PLAN, RUN, VERDICT
from bakeoff.record.reading import SCHEMA_VERSION
from bakeoff.report.pages.measured import write_gradients_page
from bakeoff.report.sections.gradients import print_gradients
from bakeoff.training.trial.environment import environment
from bakeoff.training.trial.saved_run import find_run

DEFAULT_ROOT = Path("outputs/gradients")


def run(config: Mapping[str, Any]) -> Path:
    """Looks, and writes ``gradients.json`` and ``gradients.html``; of a bakeoff, into its folder and report.

    Raises:
        ConfigError: an unknown model, a length below 1, no such run, or a model that is no sequence model.
    """
    console = page_console()
    allow(config["allow_code"])
    settings = config["gradients"]
    check_sizes("gradients.lengths", settings["lengths"])
    where = Path(config["run"]) if config["run"] else None
    bakeoff = where if where is not None and (where / PLAN).exists() else None
    if bakeoff is not None:
        contenders, folder = of_runs(runs_of_bakeoff(bakeoff), **settings), bakeoff
    elif where is not None:
        folder = find_run(where)
        contenders = of_runs({read_json(folder / RUN)["model"]: folder}, **settings)
    else:
        contenders = of_contenders(config["contenders"], **settings)
        folder = DEFAULT_ROOT / "-".join(_word(entry["name"]) for entry in contenders)
    folder = Path(config["output_dir"] or folder)
    found = {
        "schema_version": SCHEMA_VERSION,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "run": config["run"],
        **settings,
        "contenders": contenders,
        "environment": environment(),
        "command": config.get("command"),
    }
    write_json(folder / GRADIENTS, found)
    page = write_gradients_page(folder)
    print_gradients(found, console)
    console.print(f"\npage {page}")
    if bakeoff is not None and (folder / VERDICT).exists():
        build_report({"run": str(folder)})
    return folder


def _word(name: str) -> str:
    """A contender's name as a part of a folder's."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)
