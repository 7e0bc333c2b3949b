"""A course of values, and under it how much each of its steps moves the answer, a strip of bars a way of asking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from bakeoff.report.figures.canvas import Canvas, figure, printable
from bakeoff.report.numbers import round_number
from bakeoff.report.palette import Look, sentinel

_WIDTH, _COURSE, _STRIP = 360, 150, 44
_LOW, _HIGH = 0.08, 0.92


@figure
def weighed_figure(
    history: np.ndarray,
    answer: np.ndarray,
    truth: np.ndarray,
    *,
    shares: Mapping[str, np.ndarray],
    look: Look,
    name: str,
    label: str,
) -> Canvas:
    """The course above, strips below; bars up move the answer towards what it is, bars down away from it.

    Args:
        history: the values, ``(L,)``, NaN where there is none.
        answer: of the steps after them.
        truth: what came; empty where that is not known.
        shares: of each step in [-1, 1], by name.
        look: of the contender.
        name: unique in the page.
        label: what the figure shows.
    """
    height = _COURSE + _STRIP * len(shares) + 40
    canvas = Canvas(_WIDTH, height, margins=(8, 40, 8, 8), name=name, label=label)
    colours = {"history": sentinel("muted"), "truth": sentinel("ink"), "answer": look.colour}
    draw_weighed(canvas.axes, history, answer, truth, shares=shares, colours=colours, per_strip=_STRIP / _COURSE)
    canvas.ticks("x", count=5, label=round_number)
    canvas.axis_title("x", "step, 0 the first to be forecast")
    canvas.axes.set_yticks([])
    return canvas


def draw_weighed(
    axes: Axes,
    history: np.ndarray,
    answer: np.ndarray,
    truth: np.ndarray,
    *,
    shares: Mapping[str, np.ndarray],
    colours: Mapping[str, str],
    per_strip: float,
) -> None:
    """Draws it: the course between 0 and 1, each strip below, ``per_strip`` high."""
    past, ahead = np.arange(-len(history), 0), np.arange(len(answer))
    known = np.concatenate([part[np.isfinite(part)] for part in (history, answer, truth)])
    least, span = (float(known.min()), float(np.ptp(known))) if len(known) else (0.0, 0.0)

    def placed(values: np.ndarray) -> np.ndarray:
        found: np.ndarray = _LOW + (_HIGH - _LOW) * (values - least) / (span or 1.0)
        return found

    axes.plot(past, placed(history), color=colours["history"], lw=1.2)
    if len(truth):
        axes.plot(ahead, placed(truth), color=colours["truth"], lw=1.4)
    axes.plot(ahead, placed(answer), color=colours["answer"], lw=2)
    for row, (name, own) in enumerate(shares.items()):
        middle = -(row + 0.68) * per_strip
        axes.bar(past, own * 0.28 * per_strip, bottom=middle, width=1.0, color=colours["answer"], linewidth=0)
        axes.axhline(middle, color=colours["history"], lw=0.5)
        place, where = (0.0, -(row + 0.04) * per_strip), ("axes fraction", "data")
        axes.annotate(printable(name), place, xycoords=where, va="top", color=colours["history"])
    axes.set_xlim(-len(history) - 0.5, len(answer) - 0.5)
    axes.set_ylim(-per_strip * len(shares), 1.0)
