"""A trial as plain values, for a process that runs it, and how that process says what became of it.

Nothing here imports torch or Lightning: whoever starts trials, such as a worker of Ray's, leaves that to a fork server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.config.tree import targets

OUT_OF_MEMORY = 77
"""The exit code of a trial that noticed itself that memory ran out."""
RANK_KILLED = 78
"""The exit code of a trial on several devices that has lost one of its processes."""
NO_ROOM = 79
"""The exit code of a trial that could not write any more."""
APART = 80
"""The exit code of trials that were to be trained as one, and have to be trained one by one."""


@dataclass(frozen=True)
class Order:
    """A trial to run: what `bakeoff.comparison.running.worker.work` takes."""

    config: dict[str, Any]
    folder: Path
    label: dict[str, Any]
    allow_code: list[str]
    train_flops_per_example: float | None = None
    energy: str | None = None
    others: tuple[Order, ...] = ()
    """Of other seeds, to be trained with it as one."""


@dataclass(frozen=True)
class Ending:
    """How an attempt ended; whether it left a result is to be seen in its folder.

    ``late``: it was stopped after its time. ``no_room``: it could not write any more, and neither could another.
    ``apart``: it was at several trials, which have to be trained one by one.
    """

    why: str
    out_of_memory: bool = False
    late: bool = False
    no_room: bool = False
    apart: bool = False


def modules_of(config: Mapping[str, Any]) -> list[str]:
    """The modules of bakeoff's own classes that a configuration names, for a fork server to have in memory.

    Code of the user's is left to the trial, which has to allow it first.
    """
    named = (str(node["_target_"]).rpartition(".")[0] for _, node in targets(dict(config)))
    return sorted({module for module in named if module.startswith("bakeoff.")})


def modules_of_all(config: Mapping[str, Any]) -> list[str]:
    """Those of a bakeoff's configuration that every trial needs."""
    return modules_of({"data": config["data"], "task": config["task"]})


def failure(config: Mapping[str, Any], label: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The result of a trial that has none of its own.

    Args:
        config: the trial's.
        label: what it is called and belongs to.
        why: in a line.
    """
    return {
        **label,
        "model": config["model"]["name"],
        "family": config["model"]["family"],
        "seed": config["seed"],
        "status": "failed",
        "why": why,
        "started": 0.0,
        "wall_seconds": 0.0,
    }
