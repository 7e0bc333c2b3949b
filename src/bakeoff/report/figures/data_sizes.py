"""A test score against the number of training examples, each mean with its interval, a line a contender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.report.figures.canvas import Canvas, figure, longest_width
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import round_number
from bakeoff.report.palette import Look

_WIDTH, _HEIGHT = 460, 320
_ASIDE = 1.02
"""By how much of its size each contender's points stand beside those of the one before, so that all can be seen."""


@figure
def data_sizes_figure(
    lines: Mapping[str, np.ndarray], *, looks: Mapping[str, Look], baselines: set[str], title: str, label: str
) -> Canvas:
    """The picture.

    Args:
        lines: of each contender number of examples, mean, low and high of each size, ``(4, n)``, ascending.
        looks: how each is drawn.
        baselines: names drawn thin and without intervals.
        title: of the vertical axis.
        label: what the figure shows.
    """
    canvas = Canvas(_WIDTH, _HEIGHT, margins=(44, 46, 24 + longest_width(lines), 28), name="data-sizes", label=label)
    axes = canvas.axes
    axes.set_xscale("log")
    for number, (name, (x, mean, low, high)) in enumerate(lines.items()):
        look, is_baseline = looks[name], name in baselines
        x = x * _ASIDE ** (number - (len(lines) - 1) / 2)
        if not is_baseline:
            axes.vlines(x, low, high, color=look.colour, lw=1.4, alpha=0.55)
        axes.plot(x, mean, color=look.colour, lw=1.2 if is_baseline else 2, linestyle=look.line_style)
        axes.plot(x, mean, look.marker, color=look.colour, ms=7 * look.size, mew=0, clip_on=False)
    sizes: Sequence[float] = sorted({float(x) for line in lines.values() for x in line[0]})
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)
    canvas.grid("y")
    canvas.marks("x", sizes)
    canvas.ticks("y", count=6, label=round_number)
    write_ends(canvas, {name: (line[0, -1], line[1, -1]) for name, line in lines.items()})
    canvas.axis_title("x", "training examples")
    canvas.axis_title("y", title)
    return canvas
