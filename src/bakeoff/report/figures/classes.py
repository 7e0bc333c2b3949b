"""Accuracy per class: one line a class, one mark a contender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.report.figures.canvas import Canvas, figure, printable, text_width
from bakeoff.report.palette import Look, sentinel

_WIDTH, _STEP = 440, 26


@figure
def classes_figure(
    class_names: Sequence[str], per_class: Mapping[str, np.ndarray], *, looks: Mapping[str, Look]
) -> Canvas:
    """Share of each class predicted right, hardest class on top.

    Args:
        class_names: Classes to draw, in the order to draw them.
        per_class: For each contender the shares in [0, 1] of these classes, shape ``(len(class_names),)``.
        looks: How each contender is drawn.
    """
    hardest = f" Hardest: {class_names[0]}." if class_names else ""
    label = f"Share of each class predicted right by {', '.join(per_class)}.{hardest} The table below has the values."
    names = [printable(name, limit=18) for name in class_names]
    left = 16 + max(text_width(name) for name in names)
    height = _STEP * len(names) + 48
    canvas = Canvas(_WIDTH, height, margins=(left, 42, 14, 6), name="classes", label=label)
    shares = 100 * np.stack(list(per_class.values()))
    y = -np.arange(len(names), dtype=float)
    for place in range(len(names)):
        known = shares[:, place][np.isfinite(shares[:, place])]
        if len(known):
            canvas.axes.plot([known.min(), known.max()], [y[place]] * 2, color=sentinel("rule"), lw=4, zorder=1)
    for offset, (name, values) in zip(_offsets(len(per_class)), zip(per_class, shares, strict=True), strict=True):
        look = looks[name]
        canvas.axes.plot(
            values, y + offset, look.marker, color=look.colour, ms=8.5 * look.size, mec=sentinel("paper"), mew=0.8
        )
    canvas.axes.set_yticks(y, names)
    canvas.axes.tick_params(axis="y", labelcolor=sentinel("ink"))
    canvas.axes.set_ylim(-len(names) + 0.4, 0.6)
    low = float(np.nanmin(shares))
    canvas.axes.set_xlim(low - 0.06 * (100 - low) - 0.2, 100 + 0.03 * (100 - low) + 0.1)
    canvas.grid("x")
    canvas.ticks("x", count=6)
    canvas.axis_title("x", "predicted right (% of the class)")
    return canvas


def _offsets(count: int) -> np.ndarray:
    """Small vertical shifts that keep marks at the same value apart."""
    return np.linspace(0.16, -0.16, count) if count > 1 else np.zeros(1)
