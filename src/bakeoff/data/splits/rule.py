"""How splits are configured: which columns decide, and how much is drawn."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pandas as pd

from bakeoff.data.splits.chronology import ByTime, LastPerUser, RollingOrigin
from bakeoff.data.splits.drawing import ByClass, ByGroup
from bakeoff.data.splits.splitting import Splitting
from bakeoff.errors import ConfigError
from bakeoff.ranges import Seed, SplitSize, WholeNumber

_MAY_MEET = ({"time", "embargo"}, {"time", "user"}, {"column", "group"}, {"column", "group_from"})


@dataclasses.dataclass(frozen=True)
class SplitRule:
    """How the splits are made that the source does not give.

    Args:
        val: validation rows, as a fraction of the rows that are not test, or as a count.
        test: test rows, as a fraction of all rows, or as a count.
        seed: what the test split is drawn from; the same for all trials.
        group: a column; rows that share its value stay on one side of every split that is made.
        group_from: a regular expression that is searched in each row's name, such as the path of its file; rows in
            which its groups (without any, the whole of it) match the same stay on one side.
        column: a column that says train, val or test of every row; of the last two, those that it lacks are made.
        time: a column of times; the latest rows are test, the latest of the others validation, in all trials.
        embargo: what is left out before validation and before test, by time or else in the order of the rows: a number
            of rows, or a length of time such as ``36h``.
        user: a column; of each of its values the last row is test and the one before validation, in all trials.
    """

    val: SplitSize = 0.15
    test: SplitSize = 0.2
    seed: Seed = 0
    group: str | None = None
    group_from: str | None = None
    column: str | None = None
    time: str | None = None
    embargo: WholeNumber | str | None = None
    user: str | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that leave a split empty, and two rules for one split."""
        for key, amount in (("val", self.val), ("test", self.test)):
            if not (0 < amount < 1 or (amount >= 1 and amount == int(amount))):
                allowed = "a fraction between 0 and 1, or a count of rows"
                raise ConfigError("config.out_of_range", f"data.split.{key}", amount, "is neither", allowed=allowed)
        if self.embargo is not None and not _is_length(self.embargo):
            allowed = "a number of rows, or a length of time such as 36h or 7d"
            raise ConfigError("config.out_of_range", "data.split.embargo", self.embargo, "is neither", allowed=allowed)
        if self.group_from is not None:
            _require_pattern(self.group_from)
        given = [
            key
            for key in ("time", "embargo", "user", "column", "group", "group_from")
            if getattr(self, key) is not None
        ]
        for key, other in itertools.combinations(given, 2):
            if {key, other} not in _MAY_MEET:
                problem = f"data.split.{other} parts the rows in another way"
                next_step = f"leave out data.split.{key} or data.split.{other}"
                value = getattr(self, key)
                raise ConfigError("config.contradiction", f"data.split.{key}", value, problem, next_step=next_step)

    @property
    def splitting(self) -> Splitting:
        """The rule that these settings choose."""
        if self.user is not None:
            return LastPerUser(column=self.user)
        if self.embargo is not None:
            return RollingOrigin(val=self.val, test=self.test, embargo=self.embargo)
        if self.time is not None:
            return ByTime(val=self.val, test=self.test)
        drawn = ByGroup if self.has_groups else ByClass
        return drawn(val=self.val, test=self.test, seed=self.seed)

    @property
    def has_groups(self) -> bool:
        """Whether rows belong to groups that stay on one side."""
        return self.group is not None or self.group_from is not None

    @property
    def deciding(self) -> dict[str, str]:
        """The settings, of a column each, by which rows decide their split themselves."""
        keys = ("column", "time", "user")
        return {key: str(getattr(self, key)) for key in keys if getattr(self, key) is not None}

    @property
    def unit(self) -> str | None:
        """The column of what rows belong to, so that they are not independent of each other."""
        return self.group if self.group is not None else self.user


def _require_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        problem = f"is no regular expression ({error})"
        allowed = r"such as (\d+)_\d+\.png, where names are patient_picture.png"
        raise ConfigError("config.bad_value", "data.split.group_from", pattern, problem, allowed=allowed) from error


def _is_length(embargo: int | str) -> bool:
    """Whether it is a number of rows, or a length of time with its unit."""
    if isinstance(embargo, int):
        return embargo >= 0
    try:
        return not embargo.strip().isdecimal() and pd.Timedelta(embargo) >= pd.Timedelta(0)
    except ValueError:
        return False
