"""What guards a t test on few errors or on skewed scores (rules 23 and 24).

**Bounded scores.** A lucky contender with none of its expected few errors shows no variance, and averaging over seeds
makes its rival smooth: the t test then takes luck for certainty. Where scores have a known range R, the variance over
examples gains ``kappa R^2 / n^2``, as if ``kappa`` further examples had gone the other way; kappa is 1 for a single
test at 5 % and 2 for any stricter level and for equivalence.

**Unbounded scores** have no such bound; there the plain t and Hall's skewness-transformed t must both reject, and the
variance over examples grows by ``20 h^2`` of itself, h the share of it that the heaviest example carries: such a tail
has more that these examples do not show. Ordinary scores on 100 examples have an h of 0.07 and hardly notice;
log-normal losses (sigma 2, 360 examples) named 122 false winners of 1,000 without it, 54 with it. Pseudo-values of
a metric that has bounds (F1, BLEU) have no such tails, and no such guard.

Zero variance never decides: with a range the guard stands in for it, without one the interval is unbounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.errors import ConfigError, DataError

SINGLE_TEST_LEVEL = 0.05
HEAVY_TAIL = 20.0
"""Of the squared share of the heaviest example; 10 left 85 and 40 left 40 false winners where 20 leaves 60."""
RANGE_SLACK = 1e-9
"""Of rounding, as a share of the range."""
KAPPA_SINGLE, KAPPA_STRICT = 1.0, 2.0


@dataclass(frozen=True)
class Guard:
    """How an estimate is guarded; the default is the first edition's: not at all.

    Attributes:
        low: lowest possible score; minus infinity where there is none.
        high: highest possible score.
        kappa: of the test of a difference.
        kappa_equivalent: of the test of equivalence.
        skewness: unbounded scores are tested by Hall's transformed t too.
        tails: their heavy tails widen the interval.
        zero_decides: no variance at all counts as certainty.
        crowding: mean square over squared mean of the units' sizes; above 1 for clusters of unequal sizes.
    """

    low: float = -math.inf
    high: float = math.inf
    kappa: float = 0.0
    kappa_equivalent: float = 0.0
    skewness: bool = False
    tails: bool = False
    zero_decides: bool = True
    crowding: float = 1.0

    @property
    def bounded(self) -> bool:
        """Whether scores have a range."""
        return math.isfinite(self.high - self.low)

    @property
    def unbounded(self) -> bool:
        """Whether scores are guarded against their tails, since no range guards them."""
        return self.skewness and not self.bounded

    @property
    def own(self) -> Guard:
        """That of a contender's own interval: a single one at 95 %."""
        return replace(self, kappa=min(self.kappa, KAPPA_SINGLE))

    def unit(self, num_units: int) -> float:
        """What one further unit adds to the variance over examples; a large cluster counts by its size."""
        return (self.high - self.low) ** 2 * self.crowding / num_units**2 if self.bounded else 0.0

    def added(self, kappa: float, vex: float, heaviest: float, num_units: int) -> float:
        """What is added to the variance over examples, whose largest share is ``heaviest``."""
        if self.tails and not self.bounded:
            return HEAVY_TAIL * heaviest**2 * vex if heaviest else 0.0
        return kappa * self.unit(num_units)

    def clip(self, low: float, high: float) -> tuple[float, float]:
        """An interval of a mean, kept inside the range of the scores."""
        return max(low, self.low), min(high, self.high)


UNGUARDED = Guard()


def guard_for(
    score_range: tuple[float, float] | None,
    matrices: Mapping[str, np.ndarray],
    *,
    num_tests: int,
    alpha: float,
    looks: bool,
    crowding: float = 1.0,
    bounded_influence: bool = False,
) -> Guard:
    """The second edition's guard of one comparison.

    Args:
        score_range: lowest and highest possible score; None takes (0, 1) where all scores are 0 or 1, else none.
        matrices: the scores per example.
        num_tests: pairs that are tested.
        alpha: error rate of the verdict.
        looks: it is read more than once.
        crowding: of the clusters' sizes.
        bounded_influence: scores are pseudo-values of a metric that has bounds.

    Raises:
        ConfigError: a range that is none.
        DataError: scores outside it.
    """
    low, high = _range_of(score_range, matrices)
    single = num_tests == 1 and not looks and alpha >= SINGLE_TEST_LEVEL
    return Guard(
        low=low,
        high=high,
        kappa=KAPPA_SINGLE if single else KAPPA_STRICT,
        kappa_equivalent=KAPPA_STRICT,
        skewness=True,
        tails=not bounded_influence,
        zero_decides=False,
        crowding=crowding,
    )


def right_or_wrong(scores: Iterable[np.ndarray]) -> bool:
    """Whether all scores, an array a contender, are 0 or 1, so that means are shares and read in percentage points."""
    return all(bool(((array == 0) | (array == 1)).all()) for array in scores)


def _range_of(score_range: Sequence[float] | None, matrices: Mapping[str, np.ndarray]) -> tuple[float, float]:
    if score_range is None:
        return (0.0, 1.0) if right_or_wrong(matrices.values()) else (-math.inf, math.inf)
    low, high = map(float, score_range)
    if not low < high:
        raise ConfigError("config.score_range", "score_range", score_range, "not a range", allowed="LOW < HIGH")
    slack = RANGE_SLACK * (high - low)
    for name, matrix in matrices.items():
        if matrix.min() < low - slack or matrix.max() > high + slack:
            problem = f"contender {name} has scores from {matrix.min():.4g} to {matrix.max():.4g}"
            step = "leave the range out for scores without bounds, such as losses or pseudo-values"
            raise DataError("data.out_of_range", "score_range", f"{low:g},{high:g}", problem, next_step=step)
    return low, high
