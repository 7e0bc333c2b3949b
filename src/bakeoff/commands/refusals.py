"""What is refused before torch is imported, which takes seconds: all that needs no network and not all of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.config import build
from bakeoff.config.titles import data_title

LIGHT = ("trainer", "tracking")
"""Sections whose constructors check their own settings, and import nothing heavy."""


def refuse_training(config: Mapping[str, Any]) -> None:
    """Refuses a run.

    Args:
        config: the resolved configuration.

    Raises:
        ConfigError: settings that contradict each other.
        DataError: what the first rows of the data show, or that they are not there.
    """
    for section in LIGHT:
        build(config[section], section)
    from bakeoff.data.head import check_head  # the datasets library takes half a second

    check_head(config["data"]["module"])


def refuse_comparison(config: Mapping[str, Any]) -> None:
    """Refuses a bakeoff.

    Args:
        config: the resolved configuration.

    Raises:
        ConfigError: settings or rules of judging that contradict each other.
        DataError: as of a run.
    """
    from bakeoff.comparison.planning.declared import check_declared  # pandas takes half a second

    check_declared(config)
    refuse_training(config)
    names, count = (config["task"]["name"], data_title(config["data"])), len(config["contenders"])
    print(f"{' on '.join(names)}: preparing the data and {count} contenders", flush=True)
