"""A trial to run, and what runs trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bakeoff.comparison.trial_process import Task
from bakeoff.training.trial import TrialLabel


@dataclass(frozen=True)
class Job:
    """A trial to run."""

    config: Mapping[str, Any]
    folder: Path
    label: TrialLabel
    allow_code: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether its result lies in its folder."""
        return (self.folder / "result.json").exists()

    @property
    def task(self) -> Task:
        """The same as plain values, for another process."""
        return Task(dict(self.config), self.folder.resolve(), asdict(self.label), list(self.allow_code))


OnEnd = Callable[[Job, dict[str, Any]], None]
"""Told of a job that has ended and of its result."""


class Executor(Protocol):
    """Runs trials, each in a process of its own, to a result in its folder, whatever becomes of the process."""

    def warm_up(self) -> None:
        """Starts what takes its time, so that it runs while the bakeoff is being planned."""

    def slots(self, threads: int) -> int:
        """How many trials of so many CPU threads run at once."""

    def run(self, jobs: Sequence[Job], *, on_end: OnEnd, threads: int = 1) -> None:
        """Runs the jobs that have no result yet, in order; ``on_end`` is told of each as it ends."""

    def close(self) -> None:
        """Ends what `warm_up` has started."""
