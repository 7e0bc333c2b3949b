"""The facts by which the rows of a source decide their split themselves, read from its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from datasets import Dataset
from numpy.typing import NDArray

from bakeoff.data.columns import column_values
from bakeoff.data.splits.names import canonical_split
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Facts
from bakeoff.errors import DataError


def read_facts(dataset: Dataset, rule: SplitRule, *, examples: list[str]) -> Facts:
    """The part, time and user of each row, as far as the rule names columns of them.

    Args:
        dataset: all rows.
        rule: which columns.
        examples: what to call each row in an error.

    Raises:
        DataError: no such column, rows of no split, or rows without a time.
    """
    parts = np.full(len(dataset), "train") if rule.column is None else _parts(dataset, rule.column, examples)
    times = None if rule.time is None else _times(dataset, rule.time, examples)
    users = None
    if rule.user is not None:
        names = [str(user) for user in column_values(dataset, rule.user, kind="user", key="data.split.user")]
        users = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return Facts(parts=parts, times=times, users=users)


def groups_from(names: Sequence[str], pattern: str) -> list[str]:
    """The group of each row, by what the groups of a regular expression match in its name.

    Raises:
        DataError: names in which it is not found.
    """
    found = [re.search(pattern, name) for name in names]
    lost = [name for name, match in zip(names, found, strict=True) if match is None]
    if lost:
        problem = f"is not found in {len(lost):,} of {len(names):,} names, such as {lost[0]}"
        next_step = "widen it; it is searched in the whole path from the folder"
        raise DataError("data.no_group", "data.split.group_from", pattern, problem, next_step=next_step)
    return ["/".join(part or "" for part in match.groups() or (match.group(),)) for match in found if match]


def _parts(dataset: Dataset, column: str, examples: list[str]) -> NDArray[np.str_]:
    names = [str(value).strip() for value in column_values(dataset, column, kind="split", key="data.split.column")]
    parts = [canonical_split(name) for name in names]
    if None in parts:
        first, count = parts.index(None), parts.count(None)
        problem = f"{count:,} of {len(parts):,} rows are of no split: {examples[first]} says {names[first]!r}"
        next_step = "name every row train, val or test in it, or leave data.split.column out"
        allowed = ("train", "val", "validation", "dev", "test")
        raise DataError(
            "data.unknown_split", "data.split.column", column, problem, allowed=allowed, next_step=next_step
        )
    return np.array(parts)


def _times(dataset: Dataset, column: str, examples: list[str]) -> NDArray[Any]:
    found = column_values(dataset, column, kind="time", key="data.split.time")
    return read_times(pd.Series(found), column, examples, "data.split.time")


def read_times(values: pd.Series, column: str, examples: Sequence[Any], key: str) -> NDArray[Any]:
    """Numbers as they are, also where a CSV file has them as texts; dates and ISO 8601 texts as ``datetime64``, in UTC.

    Args:
        values: of the column.
        column: what it is called.
        examples: what to call each row in an error.
        key: the setting that names the column.

    Raises:
        DataError: rows without a time.
    """
    times = values
    if not pd.api.types.is_numeric_dtype(times):
        times = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
        if times.isna().any():
            numbers = pd.to_numeric(values, errors="coerce")
            times = min(times, numbers, key=lambda read: int(read.isna().sum()))
    unread = np.flatnonzero(times.isna())
    if len(unread):
        first = unread[0]
        problem = f"{len(unread):,} of {len(times):,} rows have no time that can be read: {examples[int(first)]} "
        problem += f"says {values.iloc[first]!r}"
        allowed = "a number, or a date such as 2026-11-25 or 2026-11-25T13:45:00"
        raise DataError("data.bad_time", key, column, problem, allowed=allowed)
    return times.to_numpy() if pd.api.types.is_numeric_dtype(times) else times.dt.tz_localize(None).to_numpy()
