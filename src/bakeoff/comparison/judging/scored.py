"""A trial as the verdict sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import TEST_METRICS
from bakeoff.record.plan import PlannedTrial
from bakeoff.record.reading import read
from bakeoff.record.trials import RecordedTrial


@dataclass(frozen=True)
class ScoredTrial:
    """A trial that the plan names, with its result and what the test, once opened, says of it."""

    planned: PlannedTrial
    recorded: RecordedTrial
    test: Mapping[str, float]
    """All metrics of the test, by name."""

    @property
    def contender(self) -> str:
        """Whose trial it is."""
        return self.planned.contender

    @property
    def entered(self) -> bool:
        """Whether it is a contender's, and no baseline's."""
        return self.planned.role == "contender"

    @property
    def number(self) -> int:
        """Which of its contender's trials it is, from 0."""
        return self.planned.number

    @property
    def failed(self) -> bool:
        """Whether it was scored as the trivial predictor."""
        return self.recorded.failed


def scored_trials(bakeoff: RecordedBakeoff) -> list[ScoredTrial]:
    """The trials of a bakeoff whose test is open, up to its stage, one of each contender after the other."""
    return [ScoredTrial(planned, recorded, read(recorded.folder / TEST_METRICS)) for planned, recorded in bakeoff.ran]


def finished_by_contender(trials: Sequence[ScoredTrial]) -> dict[str, ScoredTrial]:
    """The first finished trial of each contender and baseline that has one."""
    found: dict[str, ScoredTrial] = {}
    for trial in trials:
        if not trial.failed:
            found.setdefault(trial.contender, trial)
    return found
