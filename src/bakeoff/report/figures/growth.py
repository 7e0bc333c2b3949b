"""A cost against a size, both logarithmic: a power law is a straight line, its exponent the slope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from bakeoff.report.figures.canvas import Canvas, draw, printable, text_width
from bakeoff.report.figures.labels import Spot, write_column, write_labels
from bakeoff.report.numbers import round_number, significant
from bakeoff.report.palette import Look

_WIDTH, _HEIGHT = 320, 270
_MOST_TICKS = 5

Lines = Mapping[str, Sequence[tuple[float, float]]]
"""Size and cost of each point of a contender, ascending; all above 0."""


def growth_figure(lines: Lines, *, name: str, size: str, cost: str, looks: Mapping[str, Look]) -> Markup:
    """One panel.

    Args:
        lines: at least one, with at least one point.
        name: unique in the page.
        size: title of the horizontal axis.
        cost: title of the vertical axis, with its unit.
        looks: how each contender is drawn.
    """
    told = "; ".join(f"{c} {significant(points[-1][1])} at {points[-1][0]:g}" for c, points in lines.items())
    return draw(lambda: _paint(lines, size, cost, looks), name=name, label=f"{cost} against {size}. {told}.")


def _paint(lines: Lines, size: str, cost: str, looks: Mapping[str, Look]) -> Canvas:
    right = 24 + max(text_width(printable(name)) for name in lines)
    canvas = Canvas(_WIDTH, _HEIGHT, margins=(44, 46, min(right, 120), 28))
    axes = canvas.axes
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({x for points in lines.values() for x, _ in points})
    costs = [y for points in lines.values() for _, y in points]
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)
    axes.set_ylim(min(costs) / 1.5, max(costs) * 1.5)
    for name, points in lines.items():
        look, (x, y) = looks[name], zip(*points, strict=True)
        axes.plot(x, y, color=look.colour, lw=1.8, linestyle=look.line_style)
        axes.plot(x, y, look.marker, color=look.colour, ms=6 * look.size, mew=0, clip_on=False)
    canvas.grid("both")
    step = -(-len(sizes) // _MOST_TICKS)
    _ticks(canvas, sizes[::-1][::step][::-1], _decades(min(costs) / 1.5, max(costs) * 1.5))
    _names(canvas, lines)
    canvas.axis_title("x", size)
    canvas.axis_title("y", cost)
    return canvas


def _ticks(canvas: Canvas, sizes: Sequence[float], costs: Sequence[float]) -> None:
    for axis, places in ((canvas.axes.xaxis, sizes), (canvas.axes.yaxis, costs)):
        axis.set_major_locator(FixedLocator(places))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: round_number(value)))


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten between the limits; with fewer than two of them, 1, 2 and 5 times powers of ten."""
    for digits in ((1,), (1, 3), (1, 2, 5)):
        found = [float(f"{digit}e{power}") for power in range(-9, 13) for digit in digits]
        found = [tick for tick in found if low <= tick <= high]
        if len(found) >= 3:
            break
    return found[:: -(-len(found) // _MOST_TICKS) or 1]


def _names(canvas: Canvas, lines: Lines) -> None:
    """Names of lines that reach the largest size in a column, of the others beside their end."""
    to_px = canvas.axes.transData.transform
    spots = {name: to_px(points[-1]) for name, points in lines.items()}
    edge = max(x for x, _ in spots.values()) - 12
    write_column(canvas, [Spot(name, x, y) for name, (x, y) in spots.items() if x >= edge])
    write_labels(canvas, [Spot(name, x, y) for name, (x, y) in spots.items() if x < edge])
