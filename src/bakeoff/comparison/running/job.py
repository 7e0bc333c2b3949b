"""A trial to run, and what runs trials."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bakeoff.comparison.running.order import Order
from bakeoff.record.layout import RESULT
from bakeoff.training.trial.run import TrialLabel


@dataclass(frozen=True)
class Job:
    """A trial to run."""

    config: Mapping[str, Any]
    folder: Path
    label: TrialLabel
    allow_code: list[str] = field(default_factory=list)
    train_flops_per_example: float | None = None
    """Where they have been counted already."""
    energy: str | None = None
    """The country by whose electricity its energy is measured."""

    @property
    def finished(self) -> bool:
        """Whether its result lies in its folder."""
        return (self.folder / RESULT).exists()

    @property
    def order(self) -> Order:
        """The same as plain values, for another process."""
        values = dict(self.config), self.folder.resolve(), asdict(self.label), list(self.allow_code)
        return Order(*values, self.train_flops_per_example, self.energy)

    @property
    def configured(self) -> str:
        """The same of all seeds of a configuration."""
        return json.dumps({**self.config, "seed": None}, sort_keys=True)


@dataclass(frozen=True)
class Needs:
    """What a trial takes of a machine: its devices, and so many CPU threads for each of them."""

    threads: int = 1
    devices: int = 1
    on_cpu: bool = False
    """Whether it leaves GPUs alone."""

    @classmethod
    def of(cls, *trainers: Mapping[str, Any]) -> Needs:
        """What the largest of trials takes, by the ``trainer`` section of each."""
        return cls(
            threads=max((int(trainer["threads"]) for trainer in trainers), default=1),
            devices=max((int(trainer["devices"]) for trainer in trainers), default=1),
            on_cpu=bool(trainers) and all(trainer["accelerator"] == "cpu" for trainer in trainers),
        )

    @property
    def cores(self) -> int:
        """CPU threads of all its processes."""
        return self.threads * self.devices


OnEnd = Callable[[Job, dict[str, Any]], None]
"""Told of a job that has ended and of its result."""

OnWait = Callable[[Sequence[Job]], None]
"""Told a few times a second which jobs run."""


class Executor(Protocol):
    """Runs trials, each in a process of its own, to a result in its folder, whatever becomes of the process."""

    def warm_up(self, modules: Sequence[str]) -> None:
        """Starts what takes its time, so that it runs while the bakeoff is being planned.

        Args:
            modules: what trials will import.
        """

    def slots(self, needs: Needs) -> int:
        """How many such trials run at once."""

    def cores(self) -> float:
        """CPU threads that all trials have to share."""

    def run(self, jobs: Sequence[Job], *, on_end: OnEnd, on_wait: OnWait | None = None) -> None:
        """Runs the jobs that have no result yet, in order; ``on_end`` is told of each ended, ``on_wait`` between."""

    def close(self) -> None:
        """Ends what `warm_up` has started."""
