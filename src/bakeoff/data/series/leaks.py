"""Features that tell the values to come: what looks like skill, and is a look ahead.

A column of the next day's price, a target that was shifted the wrong way, a "known" column that is the target itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.series.panel import Panel
from bakeoff.errors import DataError

_MOST_ROWS = 200_000
_UNEXPLAINED, _BETTER_THAN_OWN_PAST = 1e-3, 0.01
_FEWEST_PAIRS = 10


def require_no_leaks(panel: Panel, *, horizon: int, allow_leak: bool) -> tuple[int, list[str]]:
    """How many features tell values to come, and notes on them.

    A feature does if values that are not known when it is read follow from it but for a thousandth of their variance,
    a hundred times better than from the series' own past.

    Raises:
        DataError: one does, unless ``allow_leak``.
    """
    notes = []
    for key, name, shift in _told(panel, horizon):
        ahead = f"{shift} steps later" if shift > 0 else "of the same time" if shift == 0 else f"{-shift} steps before"
        problem = f"tells the values {ahead}, which are not known when it is read"
        if not allow_leak:
            step = f"leave it out of data.columns.{key}, or data.allow_leak=true, and the report is stamped"
            raise DataError("data.target_in_features", f"data.columns.{key}", name, problem, next_step=step)
        notes.append(f"LEAK: {name} {problem} (data.allow_leak).")
    return len(notes), notes


def _told(panel: Panel, horizon: int) -> Iterator[tuple[str, str, int]]:
    """Each feature that tells values to come, and how many steps later these are."""
    rows = np.arange(min(len(panel.values), _MOST_ROWS))
    series = np.searchsorted(panel.starts, rows, side="right")
    values, observed = panel.values[rows], panel.observed[rows]
    for key, first in (("known", 1 - horizon), ("past", 1)):
        for column, name in enumerate(panel.features[key]):
            feature = getattr(panel, key)[rows, column]
            shifts = sorted(range(first, horizon + 1), key=abs)
            found = next((s for s in shifts if _tells(feature, values, observed, series, s, horizon)), None)
            if found is not None:
                yield key, name, found


def _tells(
    feature: NDArray[np.float64],
    values: NDArray[np.float64],
    observed: NDArray[np.bool_],
    series: NDArray[np.int64],
    shift: int,
    horizon: int,
) -> bool:
    by_feature = _unexplained(feature, values, observed, series, shift)
    if by_feature > _UNEXPLAINED:
        return False
    own = _unexplained(values, values, observed, series, shift if shift > 0 else horizon)
    return by_feature <= max(_BETTER_THAN_OWN_PAST * own, 1e-12)


def _unexplained(
    given: NDArray[np.float64],
    values: NDArray[np.float64],
    observed: NDArray[np.bool_],
    series: NDArray[np.int64],
    shift: int,
) -> float:
    """The share of the values' variance that a line through what is given ``shift`` steps before leaves; 1 if any."""
    early, late = (
        (slice(None, -shift or None), slice(shift, None)) if shift >= 0 else (slice(-shift, None), slice(None, shift))
    )
    kept = observed[late] & (series[early] == series[late])
    x, y = given[early][kept], values[late][kept]
    if len(y) < _FEWEST_PAIRS or not x.std() or not y.std():
        return 1.0
    return 1.0 - float(np.corrcoef(x, y)[0, 1]) ** 2
