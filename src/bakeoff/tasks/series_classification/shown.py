"""Series as curves, with what they are and what was answered.

T steps, K channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.tasks.exhibits import MOST_LINES, Line, LinesExhibit


def curves(title: str, series_TK: NDArray[Any], said: str) -> LinesExhibit:
    """The channels of a series over its steps, the first few of many; ``said`` is of its class."""
    channels = range(min(series_TK.shape[1], MOST_LINES))
    steps_T = np.arange(len(series_TK)) + 1
    more = series_TK.shape[1] - MOST_LINES
    left_out = f" ({more} more channels are not drawn)" if more > 0 else ""
    return LinesExhibit(
        title=title,
        lines=[Line(name=f"channel {k + 1}", x=steps_T, y=series_TK[:, k]) for k in channels],
        x_label="step",
        y_label="value",
        note=f"{said}{left_out}",
    )
