"""Learning curves: the validation metric on the way, one band a contender."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from bakeoff.report.figures.canvas import Canvas, draw, printable, text_width
from bakeoff.report.learning import Curve
from bakeoff.report.numbers import Metric, compact
from bakeoff.report.palette import Look, sentinel

_WIDTH, _HEIGHT = 460, 300
_TITLES = {"examples_seen": "examples seen", "seconds": "seconds of training"}


def curves_figure(
    curves: Mapping[str, Curve], *, axis: str, metric: Metric, looks: Mapping[str, Look], baselines: set[str]
) -> Markup:
    """Mean over seeds as a line, lowest to highest seed as a band, each line named at its end.

    Args:
        curves: By contender, all along the same axis.
        axis: ``examples_seen`` or ``seconds``.
        metric: The validation metric.
        looks: How each contender is drawn.
        baselines: Names drawn thin and without a band.
    """
    told = "; ".join(f"{name} ends at {metric.value(float(curve.mean[-1]))}" for name, curve in curves.items())
    label = f"Validation {metric.label} against {_TITLES[axis]}. {told}."
    return draw(lambda: _paint(curves, axis, metric, looks, baselines), name=f"curves-{axis}", label=label)


def _paint(
    curves: Mapping[str, Curve], axis: str, metric: Metric, looks: Mapping[str, Look], baselines: set[str]
) -> Canvas:
    names = {name: printable(name, limit=14) for name in curves}
    right = 18 + max(text_width(name, size=11) for name in names.values())
    canvas = Canvas(_WIDTH, _HEIGHT, margins=(44, 44, right, 12))
    axes = canvas.axes
    for name, curve in curves.items():
        look, is_baseline = looks[name], name in baselines
        low, mean, high = (metric.scaled(1.0) * part for part in (curve.low, curve.mean, curve.high))
        if not is_baseline:
            axes.fill_between(curve.x, low, high, color=look.colour, alpha=0.16, linewidth=0)
        axes.plot(curve.x, mean, color=look.colour, lw=1.2 if is_baseline else 2, linestyle=look.line_style)
    axes.set_xlim(0, max(curve.x[-1] for curve in curves.values()))
    axes.set_ylim(*_limits(curves, metric))
    _end_labels(canvas, curves, names, metric, looks)
    canvas.grid("y")
    canvas.ticks("x", count=5, label=lambda value: compact(value).replace(".0k", "k").replace(".00k", "k"))
    canvas.ticks("y", count=6)
    axes.set_xlabel(_TITLES[axis], color=sentinel("muted"), labelpad=6)
    return canvas


def _limits(curves: Mapping[str, Curve], metric: Metric) -> tuple[float, float]:
    """The whole range, but the slow start may leave the picture: what is compared lies in the last two thirds."""
    late = [part[len(part) // 8 :] for curve in curves.values() for part in (curve.low, curve.high)]
    low = metric.scaled(min(float(part.min()) for part in late))
    high = metric.scaled(max(float(part.max()) for part in late))
    air = 0.05 * (high - low) or 0.5
    return low - air, high + air


def _end_labels(
    canvas: Canvas, curves: Mapping[str, Curve], names: Mapping[str, str], metric: Metric, looks: Mapping[str, Look]
) -> None:
    """Names right of the axes, at the height where their lines end, at least 13 px apart."""
    to_px, back = canvas.axes.transData.transform, canvas.axes.transData.inverted().transform
    edge = canvas.axes.get_xlim()[1]
    ends = sorted((float(to_px((0, metric.scaled(float(c.mean[-1]))))[1]), name) for name, c in curves.items())
    heights = _apart([end for end, _ in ends], gap=13, top=_HEIGHT - 10)
    for (end, name), height in zip(ends, heights, strict=True):
        y = back((0, height))[1]
        canvas.axes.plot(
            [edge, back((to_px((edge, 0))[0] + 7, 0))[0]],
            [back((0, end))[1], y],
            color=looks[name].colour,
            linewidth=1,
            clip_on=False,
        )
        x = back((to_px((edge, 0))[0] + 10, 0))[0]
        canvas.axes.text(x, y, names[name], size=11, va="center", color=sentinel("ink"))


def _apart(heights: list[float], *, gap: float, top: float) -> list[float]:
    """Sorted heights, pushed up until neighbours are ``gap`` apart, then down again from ``top``."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    ceiling = top
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed
