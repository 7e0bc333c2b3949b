"""What errors of each series are measured by: the mean step from a season before, over what came before a split.

Hyndman and Koehler 2006, "Another look at measures of forecast accuracy", International Journal of Forecasting 22.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.series.panel import Panel
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError


def seasonal_scales(panel: Panel, before: Rows, *, season: int, needed: Rows) -> NDArray[np.float64]:
    """Of each series the mean absolute difference of values a season apart, ``(S,)``; 0 where nothing changes.

    Args:
        panel: all series.
        before: of each series the row before which values are used: what comes later is not known.
        season: steps of a season.
        needed: numbers of the series that have windows; others may lack a scale, and have 0.

    Raises:
        DataError: series that are needed and no longer than a season before that.
    """
    steps = np.zeros(len(panel.values) + 1)
    pairs = np.zeros(len(panel.values) + 1)
    both = panel.observed[season:] & panel.observed[:-season]
    steps[season + 1 :] = np.cumsum(np.where(both, np.abs(panel.values[season:] - panel.values[:-season]), 0.0))
    pairs[season + 1 :] = np.cumsum(both)
    firsts = np.minimum(panel.starts + season, before)
    counts = pairs[before] - pairs[firsts]
    lacking = needed[counts[needed] == 0]
    if len(lacking):
        first = int(lacking[0])
        problem = f"{len(lacking):,} of {len(counts):,} series have no two values a season apart before the test, "
        problem += f"such as {panel.names[first]} with {before[first] - panel.starts[first]:,} steps"
        step = "data.season=1 measures by single steps; or data.on_short=drop with a longer data.window"
        raise DataError("data.short_series", "data.season", season, problem, next_step=step)
    scales = (steps[before] - steps[firsts]) / np.maximum(counts, 1)
    tiny = 1e-12 * np.maximum(np.abs(panel.values[panel.starts]), 1e-300)
    return np.where(scales > tiny, scales, 0.0)
