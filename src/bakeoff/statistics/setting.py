"""What a comparison is about, beside its numbers: the claim, the unit of its columns, and what guards it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.statistics.clusters import Clusters
from bakeoff.statistics.guards import UNGUARDED, Guard

MIN_UNITS = 20
"""Fewer clusters, or fewer examples with scores without bounds, name no winner: so few do not show how heavy their
tails are. Equals with heavy tails won in 123 to 329 of 1,000 bakeoffs of 4 to 15 examples."""


@dataclass(frozen=True)
class Units:
    """What a column of the scores is: a test example, or a cluster of them that hang together.

    Attributes:
        num_examples: test examples.
        clusters: how they hang together; None where they do not.
    """

    num_examples: int
    clusters: Clusters | None = None

    @property
    def name(self) -> str:
        """``example``, or what a cluster is called."""
        return self.clusters.name if self.clusters else "example"

    @property
    def plural(self) -> str:
        """The unit in sentences that count it."""
        return f"{self.clusters.name}s" if self.clusters else "test examples"

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.clusters.size_G) if self.clusters else self.num_examples

    @property
    def crowding(self) -> float:
        """How unequal the units are."""
        return self.clusters.crowding if self.clusters else 1.0

    @property
    def sentence(self) -> str:
        """The unit and how many there are."""
        if self.clusters is None:
            return f"The unit is the test example: {self.num_examples:,} of them."
        return f"The unit is the {self.name}: {self.count:,} of them, with {self.num_examples:,} test examples in all."

    @property
    def few(self) -> str:
        """What too few units mean."""
        return f"{self.count:,} {self.plural} are too few to name a winner; it takes at least {MIN_UNITS}."


@dataclass(frozen=True)
class Setting:
    """What a comparison is about, beside its numbers.

    Attributes:
        kind: ``configuration`` or ``family``.
        claim: what the verdict is about.
        points: scores are right-or-wrong, so that differences read as percentage points.
        units: what a column of the scores is.
        guard: what guarded the estimates.
        warnings: sentences of the caller, before those that the numbers give.
        racing: contenders beaten at this look leave the race.
    """

    kind: str
    claim: str
    points: bool
    units: Units
    guard: Guard = UNGUARDED
    warnings: Sequence[str] = ()
    racing: bool = False

    @property
    def runs(self) -> str:
        """What a row of the scores is."""
        return "trials" if self.kind == "family" else "seeds"

    @property
    def enough_units(self) -> bool:
        """Whether a winner may be named: few examples of a bounded score have their guard, other units must be 20."""
        guarded = self.units.clusters is None and not self.guard.unbounded
        return guarded or self.units.count >= MIN_UNITS

    def rule(self, num_seeds: int) -> str:
        """The rule that decided, in a line."""
        core = f"crossed t over {num_seeds} {self.runs} and {self.units.count:,} {self.units.plural}"
        if self.guard.bounded:
            span = f"{self.guard.low:g} to {self.guard.high:g}"
            return f"{core}; scores from {span}, so guarded against few errors (kappa {self.guard.kappa:g})"
        if self.guard.unbounded:
            against = "so guarded against heavy tails; " if self.guard.tails else "so "
            return f"{core}; scores without bounds, {against}Hall's skewness-transformed t must agree"
        return core
