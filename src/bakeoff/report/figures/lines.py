"""Lines of several contenders in one picture, with a level to compare them to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bakeoff.report.figures.canvas import Canvas, figure, longest_width, printable
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import round_number
from bakeoff.report.palette import Look, sentinel

_WIDTH, _HEIGHT = 420, 300


@figure
def lines_figure(
    lines: Mapping[str, np.ndarray],
    *,
    marks: Mapping[str, tuple[float, ...]],
    looks: Mapping[str, Look],
    axes: tuple[str, str],
    limits: tuple[float, ...] | None,
    level: tuple[float, str] | None,
    name: str,
    label: str,
) -> Canvas:
    """One line a contender, named at its end.

    Args:
        lines: at least one; positions and values, shape ``(2, n)``.
        marks: a place to mark, of some.
        looks: how each is drawn.
        axes: what stands on the horizontal and the vertical one.
        limits: lowest and highest value of the picture; None takes those of the lines.
        level: a value drawn across, and what it is.
        name: unique in the page.
        label: what the figure shows.
    """
    margins = (44, 46, min(26 + longest_width(lines), 150), 28)
    canvas = Canvas(_WIDTH, _HEIGHT, margins=margins, name=name, label=label)
    every = np.concatenate(list(lines.values()), axis=1)
    low, high = limits or (float(every[1].min()), float(every[1].max()))
    air = 0.04 * (high - low) or 0.5
    canvas.axes.set_ylim(low - air, high + air)
    canvas.axes.set_xlim(float(every[0].min()), float(every[0].max()))
    if level is not None:
        canvas.axes.axhline(level[0], color=sentinel("muted"), lw=1, linestyle=(0, (4, 3)), zorder=0)
        canvas.axes.annotate(
            printable(level[1], limit=24),
            (0.02, level[0]),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4),
            textcoords="offset points",
            color=sentinel("muted"),
        )
    for contender, (x, y) in lines.items():
        look = looks[contender]
        canvas.axes.plot(x, y, color=look.colour, lw=1.8, linestyle=look.line_style)
        if contender in marks:
            canvas.axes.plot(*marks[contender], look.marker, color=look.colour, ms=8 * look.size, mew=0, clip_on=False)
    canvas.grid("y")
    canvas.ticks("x", count=5, label=round_number)
    canvas.ticks("y", count=5, label=round_number)
    write_ends(canvas, {contender: line[:, -1] for contender, line in lines.items()})
    canvas.axis_title("x", printable(axes[0], limit=48))
    canvas.axis_title("y", printable(axes[1], limit=48))
    return canvas
