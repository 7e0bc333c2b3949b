"""What was tried: validation quality against one searched setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import NullLocator

from bakeoff.report.analysis.search import Dimension, Tried
from bakeoff.report.figures.canvas import Canvas, figure, printable
from bakeoff.report.numbers import Metric, round_number
from bakeoff.report.palette import Look, sentinel
from bakeoff.report.scales import round_numbers

_WIDTH, _HEIGHT = 320, 230
_FLOOR_SPREAD = 2.0


@dataclass(frozen=True)
class SearchPanel:
    """One setting and the trials of every contender that searched it."""

    name: str
    dimension: Dimension
    trials: Mapping[str, Sequence[Tried]]


@figure
def searched_figure(panel: SearchPanel, *, metric: Metric, looks: Mapping[str, Look]) -> Canvas:
    """One mark a trial, ringed where it is the best of its contender; the axis is the range that was searched.

    Further members of a family are hollow. Trials far below the rest are drawn at the lower edge, because they would
    flatten the others.
    """
    key = panel.dimension.key
    best = [f"{name} {row.values[key]}" for name, rows in panel.trials.items() for row in rows if row.is_best]
    label = (
        f"Validation {metric.label} of every trial against {key}. Best by validation: {', '.join(best) or 'unknown'}."
    )
    canvas = Canvas(_WIDTH, _HEIGHT, margins=(38, 46, 14, 26), name=panel.name, label=label)
    axes = canvas.axes
    low, high = _limits([row for rows in panel.trials.values() for row in rows], metric)
    axes.set_ylim(low, high)
    for turn, (name, rows) in enumerate(panel.trials.items()):
        shift = 0.16 * (turn - (len(panel.trials) - 1) / 2) if panel.dimension.choices else 0.0
        _marks(canvas, panel, rows, looks[name], metric, shift=shift)
    _range_axis(canvas, panel.dimension)
    canvas.grid("y")
    canvas.ticks("y", count=5)
    canvas.axis_title("x", printable(panel.dimension.key, limit=36))
    canvas.axis_title("y", f"validation {metric.label}{metric.unit}")
    return canvas


def _marks(
    canvas: Canvas, panel: SearchPanel, rows: Sequence[Tried], look: Look, metric: Metric, *, shift: float
) -> None:
    floor, ceiling = canvas.axes.get_ylim()
    alike: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    for row in rows:
        place = panel.dimension.place(row.values[panel.dimension.key])
        if place is None or row.validation is None:
            continue
        height = metric.scaled(row.validation)
        shape = look.marker if floor <= height <= ceiling else "v" if height < floor else "^"
        alike.setdefault((shape, row.is_best), []).append((place + shift, min(max(height, floor), ceiling)))
    for (shape, is_best), points in alike.items():
        _plot(canvas, points, shape, look, is_best=is_best)


def _plot(canvas: Canvas, points: Sequence[tuple[float, float]], shape: str, look: Look, *, is_best: bool) -> None:
    canvas.axes.plot(
        *zip(*points, strict=True),
        shape,
        color=look.colour,
        mfc=look.colour if is_best or not look.dash else sentinel("paper"),
        ms=(8.5 if is_best else 6) * look.size,
        mec=sentinel("ink") if is_best else look.colour if look.dash else sentinel("paper"),
        mew=1.6 if is_best else 1.1 if look.dash else 0.5,
        alpha=1.0 if is_best else 0.75,
        clip_on=False,
        zorder=4 if is_best else 3,
    )


def _range_axis(canvas: Canvas, dimension: Dimension) -> None:
    """The searched range, marked at its ends and at round numbers, or the choices by name."""
    axes = canvas.axes
    axes.xaxis.set_minor_locator(NullLocator())
    if dimension.choices:
        axes.set_xlim(-0.5, len(dimension.choices) - 0.5)
        axes.set_xticks(range(len(dimension.choices)), [printable(str(c), limit=10) for c in dimension.choices])
        return
    axes.set_xlim(-0.03, 1.03)
    low, high = float(dimension.low or 0.0), float(dimension.high or 0.0)
    is_log = dimension.is_log and low > 0
    ticks = round_numbers(low, high, is_log=is_log, most=None if is_log else 5)
    places = {place: tick for tick in ticks if (place := dimension.place(tick)) is not None}
    axes.set_xticks(list(places), [round_number(tick) for tick in places.values()])


def _limits(rows: Sequence[Tried], metric: Metric) -> tuple[float, float]:
    """All values but those far from the middle half on the worse side."""
    values = np.array([metric.scaled(row.validation) for row in rows if row.validation is not None])
    if not len(values):
        return 0.0, 1.0
    first, third = np.percentile(values, [25, 75])
    reach = _FLOOR_SPREAD * (third - first)
    low, high = float(values.min()), float(values.max())
    if metric.is_lower_better:
        high = min(high, float(third + reach)) if reach else high
    else:
        low = max(low, float(first - reach)) if reach else low
    air = 0.07 * (high - low) or 0.5
    return low - air, high + air
