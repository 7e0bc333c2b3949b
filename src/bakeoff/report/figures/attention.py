"""An attention map: what each token of an answer looked at in the source.

L tokens of the answer, S source tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.report.figures.canvas import Canvas, figure, printable, text_width
from bakeoff.report.palette import sentinel

_CELL, _LARGEST_MARK, _LEAST_WEIGHT = 13, 60, 0.02


@figure
def attention_figure(
    rows: Sequence[str], columns: Sequence[str], weights_LS: np.ndarray, *, name: str, label: str
) -> Canvas:
    """Squares whose area grows with the weight: a row a token of the answer, a column a token of the source."""
    row_names = [printable(row, limit=12) or "space" for row in rows]
    column_names = [printable(column, limit=12) or "space" for column in columns]
    left = 14 + max(text_width(name) for name in row_names)
    top = 14 + max(text_width(name) for name in column_names)
    width, height = left + _CELL * len(columns) + 14, top + _CELL * len(rows) + 12
    canvas = Canvas(round(width), round(height), margins=(left, 6, 8, top), name=name, label=label)
    answer_N, source_N = np.nonzero(weights_LS > _LEAST_WEIGHT)
    areas_N = _LARGEST_MARK * weights_LS[answer_N, source_N]
    canvas.axes.scatter(source_N, -answer_N, s=areas_N, marker="s", color=sentinel("ink"), linewidths=0)
    canvas.axes.set_yticks(-np.arange(len(rows)), row_names)
    canvas.axes.xaxis.tick_top()
    canvas.axes.set_xticks(np.arange(len(columns)), column_names, rotation=90)
    canvas.axes.set_xlim(-0.6, len(columns) - 0.4)
    canvas.axes.set_ylim(-len(rows) + 0.4, 0.6)
    canvas.grid("both")
    return canvas
