"""Splits by time: the past is learnt from, what comes later is predicted, in all trials alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bakeoff.data.splits.splitting import Facts, Parted, Rows, Splitting, rows_asked
from bakeoff.errors import DataError

_FEWEST_ROWS = 3


class ByTime(Splitting):
    """The latest rows are test, the latest of the others validation; rows of one time stay on one side.

    Args:
        val: validation rows, as a fraction of the rows that are not test, or as a count.
        test: test rows, as a fraction of all rows, or as a count.
    """

    def __init__(self, *, val: float, test: float) -> None:
        self._val = val
        self._test = test

    def decide(self, facts: Facts) -> Parted:
        """All three splits; a later one has the rows asked for, and those of the time of its first."""
        order = facts.order
        before, test = _cut(order, np.arange(len(order)), self._test, key="data.split.test")
        train, val = _cut(order, self._clear(order, before, test), self._val, key="data.split.val")
        return Parted(self._clear(order, train, val), val, test)

    def _clear(self, order: NDArray[Any], earlier: Rows, later: Rows) -> Rows:
        """The earlier rows that may stand next to the later ones."""
        return earlier


class RollingOrigin(ByTime):
    """As by time, with a gap between what is learnt from and what is predicted.

    Windows that reach back, or targets that reach ahead, would otherwise have steps on both sides.

    Args:
        val: validation rows, as a fraction of those that are neither test nor in the gap before it, or as a count.
        test: test rows, as a fraction of all rows, or as a count.
        embargo: what is left out at the end of train and of validation: so many rows (those of one time in the order of
            the data), or a length of time such as ``36h``.
    """

    def __init__(self, *, val: float, test: float, embargo: int | str) -> None:
        super().__init__(val=val, test=test)
        self._embargo = embargo

    def _clear(self, order: NDArray[Any], earlier: Rows, later: Rows) -> Rows:
        kept = self._outside(order, earlier, order[later].min())
        if not len(kept):
            problem = f"leaves none of the {len(earlier):,} rows before the gap"
            next_step = "a shorter gap, or more rows"
            raise DataError("data.empty_split", "data.split.embargo", self._embargo, problem, next_step=next_step)
        return kept

    def _outside(self, order: NDArray[Any], earlier: Rows, first_later: Any) -> Rows:
        if isinstance(self._embargo, int):
            by_time = earlier[np.argsort(order[earlier], kind="stable")]
            return np.sort(by_time[: len(earlier) - self._embargo] if self._embargo < len(earlier) else by_time[:0])
        if order.dtype.kind != "M":
            problem = "is a length of time, but these rows have no dates"
            next_step = "give a number of rows, or data.split.time=COLUMN with dates"
            raise DataError("data.bad_time", "data.split.embargo", self._embargo, problem, next_step=next_step)
        return earlier[order[earlier] <= first_later - pd.Timedelta(self._embargo).to_timedelta64()]


class LastPerUser(Splitting):
    """Each user's last row is test, the one before it validation; who has fewer than three rows is all train.

    Of rows of one time, the one that stands later in the data is the later.

    Args:
        column: what names the users, for errors.
        key: the setting that names it.
    """

    def __init__(self, *, column: str, key: str = "data.split.user") -> None:
        self._column = column
        self._key = key

    def decide(self, facts: Facts) -> Parted:
        """One row a user in either split."""
        assert facts.users is not None
        by_user = np.lexsort((facts.order, facts.users))
        _, starts, counts = np.unique(facts.users[by_user], return_index=True, return_counts=True)
        ends = (starts + counts)[counts >= _FEWEST_ROWS]
        if not len(ends):
            problem = f"none of {len(starts):,} users has {_FEWEST_ROWS} rows, one for each split"
            raise DataError("data.empty_split", self._key, self._column, problem, next_step="name another column")
        val, test = np.sort(by_user[ends - 2]), np.sort(by_user[ends - 1])
        return Parted(np.setdiff1d(by_user, np.concatenate([val, test])), val, test)


def _cut(order: NDArray[Any], rows: Rows, amount: float, *, key: str) -> tuple[Rows, Rows]:
    """The earlier and the later rows, the later ones as many as asked for, and what is of the time of the first."""
    first_late = np.sort(order[rows])[-rows_asked(rows, amount, key=key)]
    late = order[rows] >= first_late
    if late.all():
        problem = f"leaves no earlier row: {late.sum():,} rows are of {len(np.unique(order[rows])):,} different times"
        raise DataError(
            "data.empty_split", key, amount, problem, next_step="a finer column of times, or a smaller share"
        )
    return rows[~late], rows[late]
