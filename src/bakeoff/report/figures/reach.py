"""How far the loss reaches: the logarithm of the gradient's norm against the distance from the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.report.figures.canvas import Canvas, figure, longest_width
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import round_number, significant
from bakeoff.report.palette import Look

_WIDTH, _HEIGHT = 400, 270
FLOOR = -16.0
"""The lowest power of ten in the picture, about what double precision can add to 1: below it nothing reaches."""

Norms = Mapping[str, Sequence[float]]
"""Norms of each contender by distance; 0 where the loss does not reach."""


@figure
def reach_figure(norms: Norms, *, name: str, length: int, looks: Mapping[str, Look]) -> Canvas:
    """One panel, for sequences of one length; a line ends where it leaves the picture or the gradient is 0.

    Args:
        norms: at least one, with at least one step.
        name: unique in the page.
        length: time steps.
        looks: how each contender is drawn.
    """
    told = "; ".join(f"{c} {significant(by_distance[-1])} at the first step" for c, by_distance in norms.items())
    label = f"Norm of the gradient at each input step of {length}, by distance from the loss. {told}."
    margins = (38, 46, min(24 + longest_width(norms), 130), 28)
    canvas = Canvas(_WIDTH, _HEIGHT, margins=margins, name=name, label=label)
    axes = canvas.axes
    lines = {contender: _line(by_distance) for contender, by_distance in norms.items()}
    heights = np.concatenate([heights for _, heights in lines.values()])
    low, high = (float(heights.min()), float(heights.max())) if len(heights) else (FLOOR, 0.0)
    air = 0.05 * (high - low) or 0.5
    axes.set_xlim(0, max(length - 1, 1))
    axes.set_ylim(low - air, high + air)
    for contender, (x, y) in lines.items():
        look = looks[contender]
        axes.plot(x, y, color=look.colour, lw=1.8, linestyle=look.line_style)
        axes.plot(x[-1:], y[-1:], look.marker, color=look.colour, ms=6 * look.size, mew=0, clip_on=False)
    canvas.grid("y")
    canvas.ticks("x", count=5, label=round_number)
    canvas.ticks("y", count=6, label=round_number)
    ends = {contender: (x[-1], y[-1]) for contender, (x, y) in lines.items() if len(x)}
    write_ends(canvas, ends, edge=axes.transAxes.transform((1, 0))[0])
    canvas.axis_title("x", "steps from the loss")
    canvas.axis_title("y", f"log10 of the gradient's norm, {length} steps")
    return canvas


def _line(by_distance: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Distances and powers of ten, up to the first that lies below the floor."""
    values = np.asarray(by_distance, dtype=float)
    inside = values > 10.0**FLOOR
    end = len(values) if inside.all() else int(np.argmin(inside))
    return np.arange(end), np.log10(values[:end])
