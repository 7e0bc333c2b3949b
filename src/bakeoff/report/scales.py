"""The range of quality that a figure shows, so that a hopeless baseline does not flatten what is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bakeoff.record.verdict import MeanOverSeeds
from bakeoff.report.numbers import Metric, is_number

_REACH = 1.5


def drawn(estimate: MeanOverSeeds, metric: Metric) -> MeanOverSeeds:
    """An estimate with its interval as far as it lies in the metric's range."""
    low, high = (metric.bounded(end) if is_number(end) else None for end in (estimate.low, estimate.high))
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
