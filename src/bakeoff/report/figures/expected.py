"""Expected quality against tuning: what a search of m trials ends with, for each m."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator

from bakeoff.report.figures.canvas import Canvas, figure, longest_width
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import Metric, is_number
from bakeoff.report.palette import Look, sentinel

_WIDTH, _HEIGHT = 440, 320
_MOST_MARKS = 12

Curves = Mapping[str, Sequence[Mapping[str, Any]]]


@figure
def expected_figure(curves: Curves, *, best_of: int | None, metric: Metric, looks: Mapping[str, Look]) -> Canvas:
    """One line and band a contender; a hairline stands at the m that the verdict is about.

    Args:
        curves: Points ``{m, mean, low, high}`` by contender.
        best_of: The m of the verdict.
        metric: The primary metric.
        looks: How each contender is drawn.
    """
    told = "; ".join(f"{name} {', '.join(metric.value(p['mean']) for p in points)}" for name, points in curves.items())
    label = f"Expected test {metric.label} of the best of 1, 2, ... trials by validation. {told}."
    margins = (38, 46, 34 + longest_width(curves), 28)
    canvas = Canvas(_WIDTH, _HEIGHT, margins=margins, name="expected", label=label)
    axes = canvas.axes
    sizes = sorted({int(point["m"]) for points in curves.values() for point in points})
    if best_of in sizes:
        axes.axvline(float(best_of), color=sentinel("accent"), linewidth=1.1, alpha=0.7, zorder=1)
    for name, points in curves.items():
        look, found = looks[name], _columns(points, metric)
        axes.fill_between(found[0], found[2], found[3], color=look.colour, alpha=0.1, linewidth=0)
        axes.plot(found[0], found[1], color=look.colour, lw=2, linestyle=look.line_style)
        every = -(-len(points) // _MOST_MARKS)
        size = 7 * look.size
        axes.plot(*found[:2], look.marker, color=look.colour, ms=size, mew=0, markevery=every, clip_on=False)
    air = 0.04 * max(sizes[-1] - sizes[0], 1)
    axes.set_xlim(sizes[0] - air, sizes[-1] + air)
    canvas.grid("y")
    canvas.ticks("y", count=6)
    axes.xaxis.set_major_locator(FixedLocator(sizes[:: -(-len(sizes) // 10)]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ends = {name: _columns(points, metric)[:2, -1] for name, points in curves.items() if points}
    write_ends(canvas, {name: end for name, end in ends.items() if np.isfinite(end).all()})
    canvas.axis_title("x", "trials in a search (m)")
    canvas.axis_title("y", f"expected test {metric.label}{metric.unit}")
    return canvas


def _columns(points: Sequence[Mapping[str, Any]], metric: Metric) -> np.ndarray:
    """m, mean, low and high as rows, those without a number as NaN."""
    rows = [[float(p["m"]), *(_plotted(p.get(key), metric) for key in ("mean", "low", "high"))] for p in points]
    return np.array(rows, dtype=float).T


def _plotted(value: float | None, metric: Metric) -> float:
    return metric.scaled(metric.facts.nearest(value)) if is_number(value) else float("nan")
