"""Series as one array: every value of every series, one series after the other, each in the order of time.

N values, S series, K known features, P past features, M static features.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.series.columns import SeriesColumns
from bakeoff.data.series.stamps import Grid, Times


@dataclasses.dataclass(frozen=True, kw_only=True)
class Panel:
    """All series.

    Args:
        values: ``(N,)``; of missing ones what stands in.
        observed: whether a value is one, ``(N,)``.
        known: ``(N, K)``, and ``past`` ``(N, P)``.
        static: ``(S, M)``.
        starts: where each series begins, ``(S,)``.
        stops: where its values end, ``(S,)``; what follows up to ``ends`` is known of the future alone.
        ends: where its rows end, ``(S,)``.
        times: ``(N,)``.
        names: of the series.
        grid: the steps in time.
        columns: all names said.
        features: names of known, past and static features.
        notes: sentences for the report.
    """

    values: NDArray[np.float64]
    observed: NDArray[np.bool_]
    known: NDArray[np.float64]
    past: NDArray[np.float64]
    static: NDArray[np.float64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    ends: NDArray[np.int64]
    times: Times
    names: NDArray[np.str_]
    grid: Grid
    columns: SeriesColumns
    features: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()

    def of(self, kept: NDArray[Any]) -> Panel:
        """Some of the series, by number."""
        bounds = {name: getattr(self, name)[kept] for name in ("starts", "stops", "ends")}
        return dataclasses.replace(self, **bounds, static=self.static[kept], names=self.names[kept])
