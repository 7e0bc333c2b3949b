"""Hall's skewness-transformed t (Hall 1992, "On the removal of skewness by transformation", JRSS B 54).

For the mean of n values with skewness gamma, ``lambda = gamma / sqrt(n)`` and t its studentised error::

    g(t) = t + lambda (2 t^2 + 1) / 6 + lambda^2 t^3 / 27

is closer to a t variate than t itself; g rises everywhere and has a closed inverse. With seeds, lambda is the third
central moment of the mean over examples over the whole variance to the power 1.5; seeds are taken as symmetric.
Alone it still errs too often on heavy tails (115 of 1,000 where 50 are allowed), and so does the plain t: both must
reject, and the interval is the union of both.
"""

from __future__ import annotations

import math


def transformed(t: float, lam: float) -> float:
    """g(t); t itself without skewness."""
    return t + lam * (2 * t**2 + 1) / 6 + lam**2 * t**3 / 27


def untransformed(value: float, lam: float) -> float:
    """The t whose g is ``value``."""
    if abs(lam) < 1e-9:
        return value
    return 3 / lam * (math.cbrt(1 + lam * (value - lam / 6)) - 1)
