"""Many trials of a contender: their spread, where single ones could no longer be told apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.record.verdict import LeaderboardRow
from bakeoff.report.numbers import is_number

MANY = 40
"""From so many trials of a contender on, figures and tables show their spread."""
SHARES = (5, 95)
"""The middle 90 % of trials, in percent."""


@dataclass(frozen=True)
class Spread:
    """How the values of a contender's trials lie: the ends, the middle 90 %, the middle half, and the median."""

    lowest: float
    low: float
    first: float
    median: float
    third: float
    high: float
    highest: float
    num_trials: int


def are_many(rows: Collection[LeaderboardRow], *, metric: str) -> bool:
    """Whether any of the contenders has so many trials."""
    return any(len(row.test[metric].values) >= MANY for row in rows if metric in row.test)


def spread(values: Sequence[float]) -> Spread | None:
    """The quantiles of the known values, linearly interpolated; ``None`` where none is known."""
    known = [value for value in values if is_number(value)]
    if not known:
        return None
    low, high = SHARES
    lowest, low_end, first, median, third, high_end, highest = np.percentile(known, [0, low, 25, 50, 75, high, 100])
    ends = {"lowest": lowest, "low": low_end, "high": high_end, "highest": highest}
    middle = {"first": first, "median": median, "third": third}
    return Spread(num_trials=len(known), **{name: float(value) for name, value in (ends | middle).items()})
