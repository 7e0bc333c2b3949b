"""Splits that a column of the data decides: rows that are named train, val or test, or the latest rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from datasets import Dataset
from numpy.typing import NDArray

from bakeoff.data.columns import column_values
from bakeoff.data.splits.drawing import Rows, SplitRule, canonical_split, rows_asked
from bakeoff.errors import DataError


def split_by_column(dataset: Dataset, rule: SplitRule, *, examples: list[str]) -> dict[str, Dataset]:
    """The splits that a column decides, without that column; those without a row are left out.

    Args:
        dataset: all rows.
        rule: with ``column`` or ``time``.
        examples: what to call each row in an error.

    Raises:
        DataError: no such column, rows of no split, rows without a time, or a split that would be empty.
    """
    rows_of = _by_name(dataset, rule.column, examples) if rule.column else _by_time(dataset, rule, examples)
    others = dataset.remove_columns([str(rule.column or rule.time)])
    return {part: others.select(rows) for part, rows in rows_of.items() if len(rows)}


def _by_name(dataset: Dataset, column: str, examples: list[str]) -> dict[str, Rows]:
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
    return {part: np.flatnonzero([found == part for found in parts]) for part in ("train", "val", "test")}


def _by_time(dataset: Dataset, rule: SplitRule, examples: list[str]) -> dict[str, Rows]:
    """The latest rows are test, the latest of the others validation; rows of one time stay on one side."""
    times_N = _times(dataset, str(rule.time), examples)
    pool, test = _cut(times_N, np.arange(len(times_N)), rule.test, key="data.split.test")
    train, val = _cut(times_N, pool, rule.val, key="data.split.val")
    return {"train": train, "val": val, "test": test}


def _cut(times_N: NDArray[Any], rows: Rows, amount: float, *, key: str) -> tuple[Rows, Rows]:
    """The earlier and the later rows, the later ones as many as asked for, and what is of the time of the first."""
    first_late = np.sort(times_N[rows])[-rows_asked(rows, amount, key=key)]
    late = times_N[rows] >= first_late
    if late.all():
        problem = f"leaves no earlier row: {late.sum():,} rows are of {len(np.unique(times_N[rows])):,} different times"
        raise DataError(
            "data.empty_split", key, amount, problem, next_step="a finer column of times, or a smaller share"
        )
    return rows[~late], rows[late]


def _times(dataset: Dataset, column: str, examples: list[str]) -> NDArray[Any]:
    """Numbers as they are; dates and ISO 8601 texts as nanoseconds."""
    found = column_values(dataset, column, kind="time", key="data.split.time")
    times = pd.Series(found)
    is_number = pd.api.types.is_numeric_dtype(times)
    if not is_number:
        times = pd.to_datetime(times, format="ISO8601", utc=True, errors="coerce")
    unread = np.flatnonzero(times.isna())
    if len(unread):
        first = unread[0]
        problem = f"{len(unread):,} of {len(times):,} rows have no time that can be read: {examples[first]} "
        problem += f"says {found[first]!r}"
        allowed = "a number, or a date such as 2026-11-25 or 2026-11-25T13:45:00"
        raise DataError("data.bad_time", "data.split.time", column, problem, allowed=allowed)
    return (times if is_number else times.astype("int64")).to_numpy()
