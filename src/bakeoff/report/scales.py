"""What an axis shows: a range of quality that no hopeless baseline flattens, and round numbers along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.ticker import MaxNLocator

from bakeoff.record.verdict import MeanOverSeeds
from bakeoff.report.numbers import Metric, is_number

_REACH = 1.5
MOST_ROUND = 5
ROUND_STEPS = (1, 2, 2.5, 5, 10)


def drawn(estimate: MeanOverSeeds, metric: Metric) -> MeanOverSeeds:
    """An estimate with its interval as far as it lies in the metric's range."""
    low, high = (metric.facts.nearest(end) if is_number(end) else None for end in (estimate.low, estimate.high))
    return replace(estimate, low=low, high=high)


def legible_range(contenders: Sequence[MeanOverSeeds], baselines: Sequence[MeanOverSeeds]) -> tuple[float, float]:
    """Lowest and highest value to show: all intervals of the contenders, and every baseline that is not far from them.

    A baseline is far if its mean lies more than 1.5 times the contenders' range outside it.
    """
    seen = _values(contenders or baselines)
    if not seen:
        return 0.0, 1.0
    low, high = min(seen), max(seen)
    reach = _REACH * ((high - low) or abs(high) or 1.0)
    near = [e for e in baselines if is_number(e.mean) and low - reach <= e.mean <= high + reach]
    return min([low, *_values(near)]), max([high, *_values(near)])


def _values(estimates: Sequence[MeanOverSeeds]) -> list[float]:
    return [value for e in estimates for value in (e.mean, e.low, e.high) if is_number(value)]


def round_numbers(low: float, high: float, *, is_log: bool = True, most: int | None = MOST_ROUND) -> list[float]:
    """Round numbers between two ends; on a logarithmic axis powers of ten, with 3 or 2 and 5 times such if few.

    Args:
        low: The lower end; above 0 where ``is_log``.
        high: The upper end.
        is_log: Whether the axis is logarithmic.
        most: So many at the most, or about so many on a linear axis; None for all of a logarithmic one.
    """
    if not is_log:
        slack = 1e-9 * (high - low)
        ticks = MaxNLocator(nbins=most, steps=ROUND_STEPS).tick_values(low, high)
        return [float(tick) for tick in ticks if low - slack <= tick <= high + slack]
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    found: list[float] = []
    for digits in ((1,), (1, 3), (1, 2, 5)):
        found = [tick for power in powers for digit in digits if low <= (tick := float(f"{digit}e{power}")) <= high]
        if len(found) >= 3:
            break
    return found if most is None else found[:: -(-len(found) // most) or 1]
