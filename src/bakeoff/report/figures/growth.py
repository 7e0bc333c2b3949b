"""A cost against a size, both logarithmic: a power law is a straight line, its exponent the slope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bakeoff.report.figures.canvas import Canvas, figure, longest_width
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import significant
from bakeoff.report.palette import Look
from bakeoff.report.scales import MOST_ROUND, round_numbers

_WIDTH, _HEIGHT = 320, 270

Lines = Mapping[str, Sequence[tuple[float, float]]]
"""Size and cost of each point of a contender, ascending; all above 0."""


@figure
def growth_figure(lines: Lines, *, name: str, size: str, cost: str, looks: Mapping[str, Look]) -> Canvas:
    """One panel.

    Args:
        lines: at least one, with at least one point.
        name: unique in the page.
        size: title of the horizontal axis.
        cost: title of the vertical axis, with its unit.
        looks: how each contender is drawn.
    """
    told = "; ".join(f"{c} {significant(points[-1][1])} at {points[-1][0]:g}" for c, points in lines.items())
    margins = (44, 46, min(24 + longest_width(lines), 120), 28)
    canvas = Canvas(_WIDTH, _HEIGHT, margins=margins, name=name, label=f"{cost} against {size}. {told}.")
    axes = canvas.axes
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({x for points in lines.values() for x, _ in points})
    costs = [y for points in lines.values() for _, y in points]
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)
    axes.set_ylim(min(costs) / 1.5, max(costs) * 1.5)
    for contender, points in lines.items():
        look, (x, y) = looks[contender], zip(*points, strict=True)
        axes.plot(x, y, color=look.colour, lw=1.8, linestyle=look.line_style)
        axes.plot(x, y, look.marker, color=look.colour, ms=6 * look.size, mew=0, clip_on=False)
    canvas.grid("both")
    step = -(-len(sizes) // MOST_ROUND)
    canvas.marks("x", sizes[::-1][::step][::-1])
    canvas.marks("y", round_numbers(min(costs) / 1.5, max(costs) * 1.5))
    write_ends(canvas, {contender: points[-1] for contender, points in lines.items()})
    canvas.axis_title("x", size)
    canvas.axis_title("y", cost)
    return canvas
