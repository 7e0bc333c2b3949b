"""Test windows whose values stand in another series before its test: who learns from all series may know them.

Collections have such copies, such as the competition M1
(findings/competition_tests_in_other_series.sh).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.series.folds import Windows, windows_of
from bakeoff.data.series.panel import Panel

_COMPARED = 3  # values of which a key is made
_FEWEST_VALUES = 4
_KEY_SEED = 0


def copied(panel: Panel, before: NDArray[np.int64], tested: Windows, *, horizon: int) -> list[tuple[int, int]]:
    """Test windows by number, and another series that has all of their values in a row before its test.

    Windows of fewer than four different values, or than half as many as steps, are left out: those repeat by nature.

    Args:
        panel: all series.
        before: of each series where the steps before the test begin and end, ``(S, 2)``.
        tested: the windows.
        horizon: steps of each.
    """
    if horizon < _FEWEST_VALUES or len(panel.names) < 2:
        return []
    factors = np.random.default_rng(_KEY_SEED).normal(size=_COMPARED)
    learnt = windows_of(before, panel.starts, least=0, horizon=horizon, stride=1, slide=True)
    keys, tested_keys = (
        sum(factor * panel.values[windows.origins + step] for step, factor in enumerate(factors))
        for windows in (learnt, tested)
    )
    likely = np.flatnonzero(np.isin(keys, tested_keys))
    places = defaultdict(list)
    for place in likely.tolist():
        places[keys[place]].append(place)
    found = []
    for number, (origin, series, key) in enumerate(zip(tested.origins, tested.series, tested_keys, strict=True)):
        values = panel.values[origin : origin + horizon]
        if key not in places or len(np.unique(values)) < max(_FEWEST_VALUES, horizon // 2):
            continue
        for place in places[key]:
            other, start = int(learnt.series[place]), int(learnt.origins[place])
            if other != series and np.array_equal(panel.values[start : start + horizon], values):
                found.append((number, other))
                break
    return found


def note_on_copies(panel: Panel, before: NDArray[np.int64], tested: Windows, *, horizon: int) -> list[str]:
    """A sentence where there are any."""
    found = copied(panel, before, tested, horizon=horizon)
    if not found:
        return []
    number, other = found[0]
    return [
        f"The values of {len(found):,} of {len(tested):,} test windows stand in another series before its test, such "
        f"as those of {panel.names[tested.series[number]]} in {panel.names[other]}: who learns from all may know them."
    ]
