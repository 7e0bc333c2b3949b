"""The exponent of a power law: the slope of a line through the logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Exponent:
    """``a`` in ``cost ~ size ** a``.

    Attributes:
        value: the slope, by least squares over ``sizes``.
        standard_error: of the slope; None with two sizes, through which a line goes exactly.
        sizes: those that it was fitted to.
    """

    value: float
    standard_error: float | None
    sizes: tuple[float, ...]


def fit_exponent(sizes: Sequence[float], costs: Sequence[float]) -> Exponent | None:
    """The exponent over the upper half of the sizes; None with fewer than two of a positive cost there.

    At small sizes a fixed cost (of calls, of the optimizer) hides how the rest grows.

    Args:
        sizes: ascending, above 0.
        costs: one a size.
    """
    half = len(sizes) // 2
    kept = [(size, cost) for size, cost in zip(sizes[half:], costs[half:], strict=True) if cost > 0]
    if len(kept) < 2:
        return None
    x, y = np.log([size for size, _ in kept]), np.log([cost for _, cost in kept])
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    residuals = y - y.mean() - slope * (x - x.mean())
    freedom = len(kept) - 2
    error = math.sqrt(float((residuals**2).sum()) / freedom / spread) if freedom else None
    return Exponent(slope, error, tuple(size for size, _ in kept))
