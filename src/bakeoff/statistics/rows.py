"""The rows of a verdict: contenders of the leaderboard and compared pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.retraining import chance_of_beating


@dataclass(frozen=True)
class Pair:
    """Contender ``a`` compared with ``b``; ``a`` has the better mean.

    Attributes:
        a: name of the contender with the better mean.
        b: the other one.
        estimate: difference and variance split; positive means that ``a`` is better.
        level: error rate at which this pair was tested, after correction for the other pairs and looks.
        significant: whether ``a`` was shown to be better than ``b``.
        equivalence_level: one-sided level of the equivalence test; None without a margin.
        equivalent: whether the ``1 - 2 equivalence_level`` interval lies inside the margin.
        p_equivalent: p of |difference| >= margin; None without a margin.
        share: what the test may err over all looks; None where the level says it.
        num_seeds_when_settled: seeds at the look that settled the pair, for contenders that left a race; else None.
    """

    a: str
    b: str
    estimate: Estimate
    level: float
    significant: bool
    equivalence_level: float | None = None
    equivalent: bool = False
    p_equivalent: float | None = None
    share: float | None = None
    num_seeds_when_settled: int | None = None

    @property
    def difference(self) -> float:
        """How much better ``a`` is, score units."""
        return self.estimate.difference

    @property
    def low(self) -> float:
        """Lower end of the ``1 - level`` interval."""
        return self.estimate.interval(self.level)[0]

    @property
    def high(self) -> float:
        """Upper end of the ``1 - level`` interval."""
        return self.estimate.interval(self.level)[1]

    @property
    def p(self) -> float:
        """Two-sided p of no difference, to be compared with ``level``."""
        return self.estimate.p

    @property
    def v_a(self) -> float:
        """Variance of the mean of ``a`` over seeds."""
        return self.estimate.v_a

    @property
    def v_b(self) -> float:
        """Variance of the mean of ``b`` over seeds."""
        return self.estimate.v_b

    @property
    def vex(self) -> float:
        """Variance of the difference over test examples."""
        return self.estimate.vex

    @property
    def c(self) -> float:
        """Error variance contained in both parts, taken off once."""
        return self.estimate.c

    @property
    def df(self) -> float:
        """Degrees of freedom of the t distribution."""
        return self.estimate.df

    @property
    def retrained(self) -> float | None:
        """Chance that one new run of ``a`` beats one of ``b`` on as many new examples; None if unknown."""
        return chance_of_beating(self.estimate)

    def to_dict(self) -> dict:
        """Plain JSON, as described in ``Verdict.to_dict``."""
        numbers = ("difference", "low", "high", "p", "level", "v_a", "v_b", "vex", "c", "df")
        return {
            "a": self.a,
            "b": self.b,
            **{name: finite(getattr(self, name)) for name in numbers},
            "variance": finite(self.estimate.variance),
            "guard": self.estimate.guard,
            "skewness": self.estimate.skewness,
            "heaviest": self.estimate.heaviest,
            "retrained": self.retrained,
            "significant": self.significant,
            "equivalent": self.equivalent,
            "equivalence_level": self.equivalence_level,
            "p_equivalent": self.p_equivalent,
            "num_seeds": self.estimate.num_seeds,
            "num_seeds_when_settled": self.num_seeds_when_settled,
        }


@dataclass(frozen=True)
class Contender:
    """One row of the leaderboard; mean and interval in the units of the scores given.

    Attributes:
        name: contender.
        mean: mean score over seeds and examples (for a family: expected score of the best of m trials).
        low: lower end of its own 95 % interval (seeds and examples), not to be compared between contenders.
        high: upper end.
        seed_sd: standard deviation of the seed means (trial means for a family).
        rank: 1 is best.
        num_seeds: seeds (trials for a family).
        failed: names of its failed trials.
        unstable: more than 20 % of its trials failed.
        beaten_by: who ended its race; None while it is in.
    """

    name: str
    mean: float
    low: float
    high: float
    seed_sd: float
    rank: int
    num_seeds: int
    failed: tuple[str, ...] = ()
    unstable: bool = False
    beaten_by: str | None = None

    def to_dict(self) -> dict:
        """Plain JSON, as described in ``Verdict.to_dict``."""
        plain = {name: getattr(self, name) for name in ("name", "rank", "num_seeds", "unstable", "beaten_by")}
        numbers = {name: finite(getattr(self, name)) for name in ("mean", "low", "high", "seed_sd")}
        return {**plain, **numbers, "failed": list(self.failed)}


def finite(value: float) -> float | None:
    """JSON has no infinity."""
    return float(value) if math.isfinite(value) else None
