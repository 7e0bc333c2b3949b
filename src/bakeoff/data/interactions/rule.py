"""How histories are split, and the order of what happened at one time."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias, get_args

from bakeoff.data.checks import require_choice, require_positive
from bakeoff.data.splits.chronology import ByTime, LastPerUser
from bakeoff.data.splits.splitting import Splitting
from bakeoff.ranges import AnyNumber, Count, SplitSize

By: TypeAlias = Literal["last", "time"]
Ties: TypeAlias = Literal["first", "last"]
"""Of a user's interactions of one time, the earlier is the one that stands ``first``, or ``last``, in the data."""
Repeats: TypeAlias = Literal["keep", "first"]


@dataclasses.dataclass(frozen=True)
class HistorySplit:
    """Which interactions are predicted, and which are learnt from.

    Args:
        by: ``last``: each user's last interaction is test and the one before it validation; users with fewer than three
            are learnt from only. ``time``: the latest interactions of all are test, the latest of the others
            validation, each to be predicted from all that the user did before it.
        val: by time, validation interactions, as a fraction of those that are not test, or as a count.
        test: by time, test interactions, as a fraction of all, or as a count.

    Raises:
        ConfigError: another ``by``.
    """

    by: By = "last"
    val: SplitSize = 0.1
    test: SplitSize = 0.1

    def __post_init__(self) -> None:
        """Refuses what is no rule."""
        require_choice("split.by", self.by, get_args(By))

    @property
    def splitting(self) -> Splitting:
        """The rule that these settings choose."""
        if self.by == "last":
            return LastPerUser(column="user", key="data.columns.user")
        return ByTime(val=self.val, test=self.test)


@dataclasses.dataclass(frozen=True)
class InteractionRule:
    """What is made of the rows before they are split, and the order of equal times.

    Args:
        min_rating: the least rating of an interaction that counts; None: all count.
        min_of_user: the fewest interactions of a user that is kept.
        min_of_item: the fewest interactions of an item that is kept; both hold for what is left at the end (k-core).
        repeats: ``first``: of a user's interactions with one item only the first counts; ``keep``: all do.
        ties: of a user's interactions of one time, the earlier is the one that stands ``first``, or ``last``.
        other_order: hold out also what the other order of ties would test, so that its figure can be told beside.

    Raises:
        ConfigError: a choice that there is not.
    """

    min_rating: AnyNumber | None = None
    min_of_user: Count = 1
    min_of_item: Count = 1
    repeats: Repeats = "keep"
    ties: Ties = "first"
    other_order: bool = True

    def __post_init__(self) -> None:
        """Refuses choices that there are not, and counts below 1."""
        require_positive(min_of_user=self.min_of_user, min_of_item=self.min_of_item)
        require_choice("repeats", self.repeats, get_args(Repeats))
        require_choice("ties", self.ties, get_args(Ties))
