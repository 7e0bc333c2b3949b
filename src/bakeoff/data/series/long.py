"""A row a series and time, before they are cleaned, and what becomes of those that are not whole.

N rows, K known features, P past features, M static features.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.series.stamps import Times

OnGap: TypeAlias = Literal["error", "fill", "keep"]
OnCopy: TypeAlias = Literal["error", "first", "last", "mean", "sum"]
Fill: TypeAlias = Literal["error", "previous", "season", "zero"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cleaning:
    """What becomes of series that are not whole.

    Args:
        on_gap: of steps in time that are missing: ``error``, ``fill`` them up as missing values, or ``keep`` the rows
            as if they followed each other.
        on_duplicate: of rows of one series and one time: ``error``, or the ``first``, ``last``, ``mean`` or ``sum``.
        fill: of missing values within a series: ``error``, or what stands in for them: the ``previous`` value, that of
            a ``season`` before, or ``zero``. None looks ahead; filled steps are marked, and never scored nor learnt.
        time_format: of times that are no ISO 8601, as `strptime` has it, such as ``%d/%m/%Y``; null finds it.
    """

    on_gap: OnGap = "error"
    on_duplicate: OnCopy = "error"
    fill: Fill = "error"
    time_format: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Long:
    """Rows of one series and one time each, as `Panel` has them; ``codes`` say which series, by number."""

    codes: NDArray[np.int64]
    times: Times
    values: NDArray[np.float64]
    known: NDArray[np.float64]
    past: NDArray[np.float64]
    static: NDArray[np.float64]
    names: NDArray[np.str_]
    target: str
    features: dict[str, tuple[str, ...]]

    @property
    def follows(self) -> NDArray[np.bool_]:
        """Whether a row is of the series of the row before it."""
        return np.concatenate([[False], self.codes[1:] == self.codes[:-1]])

    def taken(self, rows: NDArray[Any]) -> Long:
        """Some rows, in this order."""
        every = ("codes", "times", "values", "known", "past", "static")
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in every})
