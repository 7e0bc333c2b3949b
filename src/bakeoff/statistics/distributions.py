"""Distribution functions and their inverses, of SciPy, which is loaded at the first call: trainings need none of them.

Arguments may be numbers or arrays, as SciPy takes them.
"""

from __future__ import annotations

from typing import Any


def ndtr(x: Any) -> Any:
    """The probability that a standard normal value is at most ``x``."""
    from scipy.special import ndtr as of_scipy

    return of_scipy(x)


def ndtri(p: Any) -> Any:
    """The quantile of the standard normal distribution."""
    from scipy.special import ndtri as of_scipy

    return of_scipy(p)


def stdtr(df: Any, t: Any) -> Any:
    """The probability that a value of Student's t with ``df`` degrees of freedom is at most ``t``."""
    from scipy.special import stdtr as of_scipy

    return of_scipy(df, t)


def stdtrit(df: Any, p: Any) -> Any:
    """The quantile of Student's t with ``df`` degrees of freedom."""
    from scipy.special import stdtrit as of_scipy

    return of_scipy(df, p)


def chdtri(df: Any, p: Any) -> Any:
    """What a chi-squared value with ``df`` degrees of freedom exceeds with probability ``p``."""
    from scipy.special import chdtri as of_scipy

    return of_scipy(df, p)
