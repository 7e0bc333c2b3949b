"""A bakeoff as its folder holds it: what was planned, what was recorded, and how often the test set was opened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bakeoff.errors import ConfigError
from bakeoff.record.layout import MANIFEST, OPENINGS, PLAN, RESULT, VERDICT, trials_with
from bakeoff.record.plan import PlannedTrial, RecordedPlan
from bakeoff.record.reading import read_if_there, read_lines
from bakeoff.record.trials import RecordedTrial
from bakeoff.record.verdict import RecordedVerdict


@dataclass(frozen=True)
class RecordedBakeoff:
    """Everything that a bakeoff's folder says of itself; ``manifest`` and ``verdict`` are None where there is none.

    ``stage`` is the number of trials of each contender that a bakeoff which still runs has come to; None at its end.
    """

    path: Path
    plan: RecordedPlan
    manifest: dict[str, Any] | None
    openings: tuple[dict[str, Any], ...]
    verdict: RecordedVerdict | None
    trials: dict[str, RecordedTrial]
    """Every trial with a result, planned or not, by id."""
    stage: int | None = None

    @classmethod
    def read(cls, path: Path, *, stage: int | None = None) -> RecordedBakeoff:
        """The bakeoff of a folder, strictly.

        Args:
            path: the folder.
            stage: the look that a running bakeoff has come to.

        Raises:
            ConfigError: there is no plan.
            DataError: a file that cannot be read.
        """
        require_bakeoff(path, PLAN, key="folder", next_step="name the output_dir of compare")
        return cls(
            path=path,
            plan=RecordedPlan.read(path / PLAN),
            manifest=read_if_there(path / MANIFEST),
            openings=read_lines(path / OPENINGS),
            verdict=RecordedVerdict.read(path / VERDICT) if (path / VERDICT).exists() else None,
            trials={folder.name: RecordedTrial.read(folder) for folder in trials_with(path, RESULT)},
            stage=stage,
        )

    @property
    def looks(self) -> list[int]:
        """How many trials a contender was declared to have when the test is opened; one number without looks."""
        if self.plan.looks:
            return list(self.plan.looks)
        declared = (self.manifest or {}).get("rules", {}).get("seeds", self.plan.seeds)
        return [self.plan.num_tuning or len(declared)]

    @cached_property
    def ran(self) -> list[tuple[PlannedTrial, RecordedTrial]]:
        """The planned trials that have a result, up to the stage: one of each contender after the other."""
        by_number = sorted(self.plan.trials, key=lambda trial: trial.number)
        due = [trial for trial in by_number if self.stage is None or trial.number < self.stage]
        return [(trial, self.trials[trial.trial_id]) for trial in due if trial.trial_id in self.trials]

    def recorded_of(self, contender: str) -> list[RecordedTrial]:
        """The planned trials of a contender that have a result, in the plan's order."""
        names = [trial.trial_id for trial in self.plan.trials if trial.contender == contender]
        return [self.trials[name] for name in names if name in self.trials]


def require_bakeoff(folder: Path, name: str, *, key: str, next_step: str) -> None:
    """Refuses a folder that lacks the file without which it holds no bakeoff, or no finished one.

    Args:
        folder: where to look.
        name: ``plan.json``, or ``verdict.json`` of a finished one.
        key: what the user named the folder by.
        next_step: what to do about it.

    Raises:
        ConfigError: it does.
    """
    if not (folder / name).exists():
        finished = "finished " if name == VERDICT else ""
        problem = f"no {finished}bakeoff there (looked for {name} in {folder.resolve()})"
        raise ConfigError("config.no_bakeoff", key, folder, problem, next_step=next_step)
