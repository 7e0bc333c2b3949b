"""Learning curves: the validation metric on the way, one band a contender."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from bakeoff.report.analysis.learning import Curve
from bakeoff.report.figures.canvas import Canvas, figure, longest_width
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import Metric, round_number
from bakeoff.report.palette import Look

_WIDTH, _HEIGHT = 440, 310
_TITLES = {"examples_seen": "examples seen", "seconds": "seconds of training"}


@figure
def curves_figure(
    curves: Mapping[str, Curve], *, axis: str, metric: Metric, looks: Mapping[str, Look], baselines: set[str]
) -> Canvas:
    """Mean over seeds as a line, lowest to highest seed as a band, each line marked and named at its end.

    Args:
        curves: By contender, all along the same axis.
        axis: ``examples_seen`` or ``seconds``.
        metric: The validation metric.
        looks: How each contender is drawn.
        baselines: Names drawn thin and without a band.
    """
    told = "; ".join(f"{name} ends at {metric.value(float(curve.mean[-1]))}" for name, curve in curves.items())
    label = f"Validation {metric.label} against {_TITLES[axis]}. {told}."
    margins = (36, 46, 24 + longest_width(curves), 28)
    canvas = Canvas(_WIDTH, _HEIGHT, margins=margins, name=f"curves-{axis}", label=label)
    axes = canvas.axes
    for name, curve in curves.items():
        look, is_baseline = looks[name], name in baselines
        low, mean, high = (metric.scaled(1.0) * part for part in (curve.low, curve.mean, curve.high))
        if not is_baseline:
            axes.fill_between(curve.x, low, high, color=look.colour, alpha=0.16, linewidth=0)
        axes.plot(curve.x, mean, color=look.colour, lw=1.2 if is_baseline else 2, linestyle=look.line_style)
        axes.plot(curve.x[-1:], mean[-1:], look.marker, color=look.colour, ms=7 * look.size, mew=0, clip_on=False)
    axes.set_xlim(0, max(curve.x[-1] for curve in curves.values()))
    axes.set_ylim(*_limits(curves, metric))
    canvas.grid("y")
    canvas.ticks("x", count=5, label=round_number)
    canvas.ticks("y", count=6)
    _end_labels(canvas, curves, metric)
    canvas.axis_title("x", _TITLES[axis])
    canvas.axis_title("y", f"validation {metric.label}{metric.unit}")
    return canvas


def _limits(curves: Mapping[str, Curve], metric: Metric) -> tuple[float, float]:
    """All but the first quarter of each curve: what is compared lies late; the steep start may leave the picture."""
    late = [part[len(part) // 4 :] for curve in curves.values() for part in (curve.low, curve.high)]
    ends = [metric.scaled(float(end)) for part in late for end in (part.min(), part.max())]
    air = 0.05 * (max(ends) - min(ends)) or 0.5
    return min(ends) - air, max(ends) + air


def _end_labels(canvas: Canvas, curves: Mapping[str, Curve], metric: Metric) -> None:
    ends, lines = {}, []
    for name, curve in curves.items():
        points = np.column_stack([curve.x, metric.scaled(1.0) * curve.mean])
        ends[name] = points[-1]
        for (x, y), (next_x, next_y) in pairwise(canvas.axes.transData.transform(points)):
            lines.append((x, min(y, next_y) - 1, next_x, max(y, next_y) + 1))
    write_ends(canvas, ends, lines=lines)
