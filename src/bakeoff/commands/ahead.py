"""What comes before torch is imported, which takes seconds.

Refused is all that needs no network and not all of the data. After that, what a bakeoff's trials are forked from loads
torch and Lightning beside this process, which does so too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.comparison.running import trial_process
from bakeoff.comparison.running.order import modules_of_all
from bakeoff.config import build
from bakeoff.config.titles import data_title
from bakeoff.errors import EnvironmentFault

LIGHT = ("trainer", "tracking")
"""Sections whose constructors check their own settings, and import nothing heavy."""
FORKING = "bakeoff.comparison.running.executor.LocalExecutor"
"""The executor whose trials are forked from a server of this process."""


def refuse_training(config: Mapping[str, Any]) -> None:
    """Refuses a run.

    Args:
        config: the resolved configuration.

    Raises:
        ConfigError: settings that contradict each other.
        EnvironmentFault: the output folder can't be one.
        DataError: what the first rows of the data show, or that they are not there.
    """
    _refuse_output(config["output_dir"])
    for section in LIGHT:
        build(config[section], section)
    from bakeoff.data.head import check_head  # the datasets library takes half a second

    check_head(config["data"]["module"])


def _refuse_output(folder: str | None) -> None:
    """What can be told without making it: a file in its way, or a place where nothing may be written."""
    if folder is None:
        return
    path = Path(folder)
    above = next((place for place in (path, *path.parents) if place.exists()), Path())
    if not above.is_dir() or not os.access(above, os.W_OK):
        problem = "can't be written" if above.is_dir() else f"can't be a folder: {above} is none"
        raise EnvironmentFault(
            "env.not_writable", "output_dir", folder, problem, next_step="output_dir=FOLDER of yours"
        )


def prepare_comparison(config: Mapping[str, Any]) -> None:
    """Refuses a bakeoff, or begins it.

    Args:
        config: the resolved configuration.

    Raises:
        ConfigError: settings or rules of judging that contradict each other.
        DataError: as of a run.
    """
    from bakeoff.comparison.planning.declared import check_declared  # pandas takes half a second

    check_declared(config)
    refuse_training(config)
    if config["executor"]["_target_"] == FORKING:
        trial_process.begin(modules_of_all(config))
    names, count = (config["task"]["name"], data_title(config["data"])), len(config["contenders"])
    print(f"{' on '.join(names)}: preparing the data and {count} contenders", flush=True)
