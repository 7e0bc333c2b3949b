"""Intervals for a picture of all pairs, which hold at once (rule 31).

The intervals of a verdict are step-down: each stands at the level at which its pair was tested, so that it excludes
zero exactly where the pair is decided. They do not hold all together, and comparing their widths means nothing. For a
forest plot these do: Tukey and Kramer's studentised range over the crossed t, each pair with its own degrees of
freedom. Two contenders get the plain interval.
"""

from __future__ import annotations

import math

import numpy as np

from bakeoff.statistics.distributions import chdtri, ndtr, stdtrit
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.verdicts import Verdict


def simultaneous_intervals(verdict: Verdict, *, alpha: float = 0.05) -> dict[tuple[str, str], tuple[float, float]]:
    """By pair (``a``, ``b``), an interval of how much better ``a`` is; all hold at once with 1 - ``alpha``."""
    num_contenders = len(verdict.contenders)
    return {
        (pair.a, pair.b): simultaneous_interval(pair.estimate, num_contenders=num_contenders, alpha=alpha)
        for pair in verdict.pairs
    }


def simultaneous_interval(estimate: Estimate, *, num_contenders: int, alpha: float = 0.05) -> tuple[float, float]:
    """The interval of one of all pairs of so many contenders.

    Args:
        estimate: of the pair.
        num_contenders: whose pairs are to hold at once.
        alpha: what all of them together may err, at this look.
    """
    return estimate.interval(pair_level(num_contenders, estimate.df, alpha=alpha))


def pair_level(num_contenders: int, df: float, *, alpha: float = 0.05) -> float:
    """Two-sided level of each of all pairs that makes their t intervals hold at once."""
    if num_contenders == 2:
        return alpha
    low, high = alpha / (num_contenders * (num_contenders - 1)), alpha
    for _ in range(14):
        middle = math.sqrt(low * high)
        q = math.sqrt(2) * float(stdtrit(df, 1 - middle / 2))
        low, high = (middle, high) if range_exceeds(q, num_contenders, df) < alpha else (low, middle)
    return low


def range_exceeds(q: float, num_means: int, df: float) -> float:
    """Chance that the range of standard normal means over an independent estimate of their sd exceeds ``q``.

    The estimate is taken at 200 points of equal chance, the integral over the largest mean on a grid;
    ``scipy.stats.studentized_range`` agrees, and takes a tenth of a second for each.
    """
    chances = (np.arange(200) + 0.5) / 200
    sd = np.sqrt(chdtri(df, chances) / df)
    z, width = np.linspace(-6, 6, 97, retstep=True)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    below = ndtr(z[None, :]) - ndtr(z[None, :] - q * sd[:, None])
    inside = num_means * width * (density * below ** (num_means - 1)).sum(axis=1)
    return 1 - float(inside.mean())
