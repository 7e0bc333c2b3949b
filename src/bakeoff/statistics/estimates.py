"""One estimated difference with its variance split: what every comparison method hands to the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bakeoff.statistics.distributions import stdtr, stdtrit
from bakeoff.statistics.skewness import transformed, untransformed


@dataclass(frozen=True)
class Estimate:
    """A difference (A minus B) and the variances that make up its standard error, all in score units (squared).

    Attributes:
        difference: mean of A minus mean of B.
        v_a: variance of A's mean over its seeds; infinite for one seed (one seed says nothing about seeds).
        v_b: the same for B; 0 where there is no B, and where rows are paired by design (``v_a`` is then that of the
            row differences).
        vex: variance over examples; infinite for one example (one example says nothing about other examples).
        c: error variance that both parts contain and that is taken off once; 0 for the family claim.
        variance: the total ``V``, the guard's part included.
        df: degrees of freedom of the t distribution.
        num_seeds: seeds (or trials) of the contender with fewer of them.
        num_examples: test examples, or clusters of them where they hang together.
        guard: what the guard of bounded scores, or of heavy tails, added to ``vex`` (rules 23 and 24).
        guard_unit: the same for one kappa, ``R^2 / n^2``; 0 for unbounded scores.
        variance_equivalent: ``V`` of the test of equivalence; None for the same.
        df_equivalent: its degrees of freedom.
        skewness: lambda of Hall's transformed t; None where the plain t stands alone (rule 24).
        heaviest: the heaviest example's share of the variance over examples.
        v_run: variance of the difference of one new run of each, on the same examples.
        df_examples: degrees of freedom of ``vex``, after the kurtosis of the examples' differences.
    """

    difference: float
    v_a: float
    v_b: float
    vex: float
    c: float
    variance: float
    df: float
    num_seeds: int
    num_examples: int
    guard: float = 0.0
    guard_unit: float = 0.0
    variance_equivalent: float | None = None
    df_equivalent: float | None = None
    skewness: float | None = None
    heaviest: float = 0.0
    v_run: float | None = None
    df_examples: float | None = None

    @property
    def v_seeds(self) -> float:
        """Seed part of the variance."""
        return self.v_a + self.v_b

    @property
    def s2_seed(self) -> float:
        """Seed part of the variance for one seed."""
        return self.num_seeds * self.v_seeds

    @property
    def s2_examples(self) -> float:
        """Example part of the variance without the error that the seed part holds too, and without the guard."""
        return max(self.vex - self.c, 0.0)

    @property
    def standard_error(self) -> float:
        """Square root of the total variance."""
        return math.sqrt(self.variance)

    @property
    def p(self) -> float:
        """Two-sided p of no difference. Without any variance: 1 for no difference, else 0."""
        if self.variance == 0:
            return 1.0 if self.difference == 0 else 0.0
        t = self.difference / self.standard_error
        return max(min(1.0, 2 * float(stdtr(self.df, -abs(value)))) for value in self._both(t, self.skewness))

    def interval(self, level: float) -> tuple[float, float]:
        """The two-sided ``1 - level`` interval; unbounded if the variance cannot be estimated."""
        return self._interval(level, self.variance, self.df, self.skewness)

    def interval_equivalent(self, level: float) -> tuple[float, float]:
        """The two-sided ``1 - level`` interval with the variance of the test of equivalence."""
        return self._interval(level, *self._equivalent())

    def p_equivalent(self, margin: float) -> float:
        """p of two one-sided tests of |difference| >= ``margin``; below 0.05: the 90 % interval is inside it."""
        variance, df, lam = self._equivalent()
        if variance == 0:
            return 0.0 if margin > abs(self.difference) else 1.0
        error = math.sqrt(variance)
        below = [-value for value in self._both((self.difference + margin) / error, lam)]
        above = list(self._both((self.difference - margin) / error, lam))
        return max(float(stdtr(df, value)) for value in (*below, *above))

    def _equivalent(self) -> tuple[float, float, float | None]:
        if self.variance_equivalent is None or self.df_equivalent is None:
            return self.variance, self.df, self.skewness
        return self.variance_equivalent, self.df_equivalent, self.skewness

    def _interval(self, level: float, variance: float, df: float, lam: float | None) -> tuple[float, float]:
        half = self._half_width(level, variance, df)
        low, high = self.difference - half, self.difference + half
        if lam is None or not 0 < half < math.inf:
            return low, high
        error, quantile = math.sqrt(variance), half / math.sqrt(variance)
        return (
            min(low, self.difference - error * untransformed(quantile, lam)),
            max(high, self.difference - error * untransformed(-quantile, lam)),
        )

    @staticmethod
    def _half_width(level: float, variance: float, df: float) -> float:
        if variance == 0 or math.isinf(variance):
            return math.sqrt(variance)
        return float(stdtrit(df, 1 - level / 2)) * math.sqrt(variance)

    @staticmethod
    def _both(t: float, lam: float | None) -> tuple[float, ...]:
        return (t,) if lam is None else (t, transformed(t, lam))
