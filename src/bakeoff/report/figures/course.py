"""A course over time: what was before, what came, and what was answered, with its band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.report.figures.canvas import Canvas, figure, longest_width, printable
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import round_number
from bakeoff.report.palette import Look, sentinel

_WIDTH, _HEIGHT = 360, 230


@dataclass(frozen=True)
class Course:
    """Values and where they lie, each of shape ``(n,)``; NaN for what is not known, empty for what there is not.

    Attributes:
        x: Positions of ``answer``, ``truth``, ``low`` and ``high``.
        history_x: Positions of ``history``.
    """

    x: np.ndarray
    answer: np.ndarray
    truth: np.ndarray
    low: np.ndarray
    high: np.ndarray
    history_x: np.ndarray
    history: np.ndarray
    x_label: str = ""
    y_label: str = ""

    @property
    def extent(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        known = np.concatenate([self.answer, self.truth, self.low, self.high, self.history])
        known = known[np.isfinite(known)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)


@figure
def course_figure(course: Course, *, look: Look, beside: Sequence[Course], name: str, label: str) -> Canvas:
    """History and truth as ink, the answer and its band in the contender's colour.

    Args:
        course: What is drawn.
        look: Of the contender.
        beside: What is drawn next to it, on the same vertical scale.
        name: Unique in the page.
        label: What the figure shows.
    """
    extents = [one.extent for one in (course, *beside)]
    limits = min(low for low, _ in extents), max(high for _, high in extents)
    ends = {"answer": course.answer, "truth": course.truth}
    margins = (44, 46, 26 + longest_width(ends), 28 if course.y_label else 8)
    canvas = Canvas(_WIDTH, _HEIGHT, margins=margins, name=name, label=label)
    axes = canvas.axes
    if len(course.low):
        axes.fill_between(course.x, course.low, course.high, color=look.colour, alpha=0.2, linewidth=0)
    if len(course.history):
        axes.plot(course.history_x, course.history, color=sentinel("muted"), lw=1.2)
        axes.axvline(course.x[0], color=sentinel("rule"), lw=1, zorder=0)
    if len(course.truth):
        axes.plot(course.x, course.truth, color=sentinel("ink"), lw=1.4)
    axes.plot(course.x, course.answer, color=look.colour, lw=2, linestyle=look.line_style)
    air = 0.06 * (limits[1] - limits[0]) or 0.5
    axes.set_ylim(limits[0] - air, limits[1] + air)
    axes.margins(x=0)
    canvas.grid("y")
    canvas.ticks("x", count=5, label=round_number)
    canvas.ticks("y", count=5, label=round_number)
    known = {name: values[-1] for name, values in ends.items() if len(values) and np.isfinite(values[-1])}
    write_ends(canvas, {name: (course.x[-1], value) for name, value in known.items()})
    canvas.axis_title("x", printable(course.x_label, limit=36))
    canvas.axis_title("y", printable(course.y_label, limit=36))
    return canvas
