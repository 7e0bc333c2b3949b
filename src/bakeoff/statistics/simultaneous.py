"""Intervals for a picture of all pairs, which hold at once (rule 31).

The intervals of a verdict are step-down: each stands at the level at which its pair was tested, so that it excludes
zero exactly where the pair is decided. They do not hold all together, and comparing their widths means nothing. For a
forest plot these do: Tukey and Kramer's studentised range over the crossed t, each pair with its own degrees of
freedom. Two contenders get the plain interval.
"""

from __future__ import annotations

import math

from scipy.special import stdtr

from bakeoff.statistics.verdicts import Verdict


def simultaneous_intervals(verdict: Verdict, *, alpha: float = 0.05) -> dict[tuple[str, str], tuple[float, float]]:
    """By pair (``a``, ``b``), an interval of how much better ``a`` is; all hold at once with 1 - ``alpha``."""
    from scipy.stats import studentized_range  # half a second to import, which no verdict needs

    num_contenders = len(verdict.contenders)
    found = {}
    for pair in verdict.pairs:
        level = alpha
        if num_contenders > 2 and math.isfinite(pair.estimate.variance):
            q = float(studentized_range.ppf(1 - alpha, num_contenders, pair.df))
            level = 2 * float(stdtr(pair.df, -q / math.sqrt(2)))
        found[pair.a, pair.b] = pair.estimate.interval(level)
    return found
