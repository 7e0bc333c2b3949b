"""One estimated difference with its variance split: what every comparison method hands to the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit


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
        variance: the total ``V``.
        df: degrees of freedom of the t distribution.
        num_seeds: seeds (or trials) of the contender with fewer of them.
        num_examples: test examples.
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

    @property
    def v_seeds(self) -> float:
        """Seed part of the variance."""
        return self.v_a + self.v_b

    @property
    def standard_error(self) -> float:
        """Square root of the total variance."""
        return math.sqrt(self.variance)

    @property
    def p(self) -> float:
        """Two-sided p of no difference. Without any variance: 1 for no difference, else 0."""
        if self.variance == 0:
            return 1.0 if self.difference == 0 else 0.0
        return min(1.0, 2 * float(stdtr(self.df, -abs(self.difference) / self.standard_error)))

    def half_width(self, level: float) -> float:
        """Half the width of the interval that errs with probability ``level``."""
        if self.variance == 0 or math.isinf(self.variance):
            return self.standard_error
        return float(stdtrit(self.df, 1 - level / 2)) * self.standard_error

    def interval(self, level: float) -> tuple[float, float]:
        """The two-sided ``1 - level`` interval; unbounded if the variance cannot be estimated."""
        half = self.half_width(level)
        return self.difference - half, self.difference + half

    def p_equivalent(self, margin: float) -> float:
        """p of two one-sided tests of |difference| >= ``margin``; below 0.05: the 90 % interval is inside it."""
        room = margin - abs(self.difference)
        if self.variance == 0:
            return 0.0 if room > 0 else 1.0
        return float(stdtr(self.df, -room / self.standard_error))
