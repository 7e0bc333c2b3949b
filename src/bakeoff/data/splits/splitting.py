"""What a rule of splitting is: which rows are train, validation and test, by facts of the rows."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import DataError

Rows: TypeAlias = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What splits may go by: an entry for each row of the data, in its order.

    Args:
        parts: ``train``, ``val`` or ``test``, as the source or a column says; all are ``train`` where neither does.
        classes: the class of each row by its number; None where rows have no class, or several.
        class_names: what the classes are called, in the order of their numbers.
        groups: by number; rows of one group stay on one side of whatever is drawn.
        times: numbers or ``datetime64``; None: the rows stand in the order of time.
        users: whose row it is, by number.
    """

    parts: NDArray[np.str_]
    classes: Rows | None = None
    class_names: tuple[str, ...] = ()
    groups: Rows | None = None
    times: NDArray[Any] | None = None
    users: Rows | None = None

    @property
    def order(self) -> NDArray[Any]:
        """What grows with time: the times, else the row numbers."""
        return np.arange(len(self.parts)) if self.times is None else self.times


@dataclasses.dataclass(frozen=True)
class Parted:
    """Row numbers of each split. What is still to be drawn is empty here, and its rows are among those of train."""

    train: Rows
    val: Rows
    test: Rows

    @classmethod
    def of(cls, parts: NDArray[np.str_]) -> Parted:
        """The rows of each part."""
        return cls(*(np.flatnonzero(parts == part) for part in ("train", "val", "test")))

    def without(self, dropped: Rows) -> Parted:
        """Rows left out of train and validation; the test split stays."""
        return Parted(np.setdiff1d(self.train, dropped), np.setdiff1d(self.val, dropped), self.test)


class Splitting(abc.ABC):
    """A rule by which rows are parted; it is asked three times.

    `decide` says what the facts decide by themselves. Copies across those splits are then dropped. `draw_test` and, for
    each trial, `draw_val` complete what was left open.
    """

    follows_seed: ClassVar[bool] = False
    """Whether a validation split that the source does not give is drawn anew for every trial's seed."""

    @abc.abstractmethod
    def decide(self, facts: Facts) -> Parted:
        """The splits, as far as the facts decide them; rows may stand in none.

        Raises:
            DataError: a split would be empty.
        """

    def draw_test(self, parted: Parted, facts: Facts) -> Parted:
        """The same with a test split, out of train where there is none; the same for all trials."""
        return parted

    def draw_val(self, parted: Parted, facts: Facts, *, seed: int) -> Parted:
        """The same with a validation split, out of train where there is none."""
        return parted


class Given(Splitting):
    """What the source, or a column, says of each row."""

    def decide(self, facts: Facts) -> Parted:
        """The parts as they are."""
        return Parted.of(facts.parts)


def rows_asked(rows: Rows, amount: float, *, key: str) -> int:
    """How many of ``rows`` a fraction or a count takes.

    Raises:
        DataError: none of them, or all.
    """
    count = round(amount * len(rows)) if amount < 1 else int(amount)
    if not 0 < count < len(rows):
        problem = f"takes {count:,} of {len(rows):,} rows, which leaves a split empty"
        raise DataError("data.empty_split", key, amount, problem, next_step="give more rows or another amount")
    return count
