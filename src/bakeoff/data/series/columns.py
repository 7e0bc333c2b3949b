"""Which columns hold times, values, series and what is known beside, and how they are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset
from numpy.typing import NDArray

from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError, nearest

ALL = "all"
"""As the target: every other column of numbers, a series each."""
_TIMES = ("time", "date", "ds", "datetime", "timestamp", "day", "week", "month", "year")
_TARGETS = ("y", "target", "value", "values")
_MISSING = ("", "na", "nan", "null", "none", "n/a", "?", "-")
_MOST_CATEGORIES = 50
_ROWS_A_PIECE = 1_000_000


@dataclasses.dataclass(frozen=True)
class SeriesColumns:
    """The names of the columns.

    Args:
        time: when a value was taken; null finds it, and without one the rows stand in order.
        target: the values to forecast; several columns, or ``all`` others of numbers, are a series each; null finds it.
        series: which series a row is of; null: there is one.
        known: what is known of the future too, such as holidays or prices.
        past: what is known up to the present alone, such as other measurements.
        static: what stays the same in a series, such as its region.
    """

    time: str | None = None
    target: str | Sequence[str] | None = None
    series: str | None = None
    known: Sequence[str] = ()
    past: Sequence[str] = ()
    static: Sequence[str] = ()

    @property
    def beside(self) -> tuple[str, ...]:
        """The columns of what is known beside the values."""
        return (*self.known, *self.past, *self.static)


def find_columns(table: pa.Table, wanted: SeriesColumns) -> SeriesColumns:
    """All names said: those that are left open are found.

    Raises:
        DataError: no such column, the same for two things, or none that could be the values.
    """
    names = [name for name in table.column_names if name != EXAMPLE_COLUMN]
    for key in ("time", "series", "target", "known", "past", "static"):
        found = getattr(wanted, key)
        for name in [found] if isinstance(found, str) else found or ():
            if name not in names and not (key == "target" and name == ALL):
                _refuse_missing(key, name, names)
    time = wanted.time or next((name for usual in _TIMES for name in names if name.lower() == usual), None)
    others = [name for name in names if name not in (time, wanted.series, *wanted.beside)]
    found = dataclasses.replace(wanted, time=time, target=_targets(table, wanted, others))
    _require_distinct(found)
    return found


def _targets(table: pa.Table, wanted: SeriesColumns, others: Sequence[str]) -> tuple[str, ...]:
    if wanted.target is not None and wanted.target != ALL:
        return (wanted.target,) if isinstance(wanted.target, str) else tuple(wanted.target)
    numbers = [name for name in others if _are_numbers(table[name])]
    if wanted.target == ALL:
        if not numbers:
            _refuse_missing("target", ALL, others)
        return tuple(numbers)
    usual = [name for name in numbers if name.lower() in _TARGETS]
    if len(numbers) == 1 or len(usual) == 1:
        return tuple(usual or numbers)
    problem = f"{len(numbers)} columns of numbers could be the values to forecast"
    step = f"data.columns.target={numbers[0] if numbers else 'NAME'}, or {ALL} for a series a column"
    raise DataError("data.missing_column", "data.columns.target", "null", problem, allowed=others, next_step=step)


def _require_distinct(columns: SeriesColumns) -> None:
    """Refuses a column that is asked for in two roles: the target among what is known is a leak."""
    roles: dict[str, str] = {}
    for role in ("time", "series", "target", "known", "past", "static"):
        found = getattr(columns, role)
        for name in [found] if isinstance(found, str) else found or ():
            if name in roles:
                problem = f"this column is data.columns.{roles[name]} already"
                step = f"leave it out of data.columns.{role}"
                raise DataError("data.target_in_features", f"data.columns.{role}", name, problem, next_step=step)
            roles[name] = role


def _refuse_missing(key: str, name: str, names: Sequence[str]) -> NoReturn:
    near = nearest(name, names, count=1)
    step = f"data.columns.{key}={near[0]}" if near and key in ("time", "series", "target") else None
    raise DataError("data.missing_column", f"data.columns.{key}", name, "no such column", allowed=names, next_step=step)


def _are_numbers(values: pa.ChunkedArray) -> bool:
    try:
        as_numbers(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def as_numbers(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """A column as numbers, what is missing as NaN.

    Raises:
        ArrowInvalid: some of it is no number.
    """
    if is_text(values):
        trimmed = pc.utf8_trim_whitespace(values)
        missing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(_MISSING))
        values = pc.if_else(missing, pa.scalar(None, trimmed.type), trimmed)
    return values.cast(pa.float64()).to_numpy(zero_copy_only=False) if len(values) else np.empty(0)


def is_text(values: pa.ChunkedArray) -> bool:
    """Whether a column holds text."""
    return pa.types.is_string(values.type) or pa.types.is_large_string(values.type)


def numbers_of(table: pa.Table, column: str, *, key: str) -> NDArray[np.float64]:
    """A column that must hold numbers.

    Raises:
        DataError: with the first value that is none, or is infinite.
    """
    try:
        found = as_numbers(table[column])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        first = next((row for row, value in enumerate(table[column].to_pylist()) if not _is_number(value)), 0)
        problem = f"holds no number at {row_name(table, first)}: {table[column][first].as_py()!r}"
        allowed = "numbers such as 1234.5; empty, NA or NaN where one is missing"
        raise DataError("data.not_a_number", key, column, problem, allowed=allowed) from None
    endless = np.flatnonzero(np.isinf(found))
    if len(endless):
        problem = f"{len(endless):,} values are infinite, the first at {row_name(table, int(endless[0]))}"
        raise DataError("data.infinite", key, column, problem, next_step="leave them empty, and set data.fill")
    return found


def row_name(table: pa.Table, row: int) -> str:
    """What the source calls a row."""
    return str(table[EXAMPLE_COLUMN][row]) if EXAMPLE_COLUMN in table.column_names else f"row {row + 1}"


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return value is None or str(value).strip().lower() in _MISSING
    return True


@dataclasses.dataclass(frozen=True)
class Features:
    """Columns of what is known beside, as numbers; of text a column of 0 and 1 for each value, ``name=value``."""

    names: tuple[str, ...]
    values: NDArray[np.float64]


def features_of(
    table: pa.Table, columns: Sequence[str], *, key: str, known_as: Sequence[str] | None = None
) -> Features:
    """The columns as features.

    Args:
        table: that holds them.
        columns: their names.
        key: the setting that names them.
        known_as: the names of the features of a finished run, whose categories are taken over; None finds them.

    Raises:
        DataError: more than 50 categories.
    """
    names: list[str] = []
    found: list[NDArray[np.float64]] = []
    for column in columns:
        values = table[column]
        if (known_as is None and (not is_text(values) or _are_numbers(values))) or column in (known_as or ()):
            names.append(column)
            found.append(numbers_of(table, column, key=key))
            continue
        texts = np.array([str(value).strip() for value in values.to_pylist()])
        kept = [name.partition("=")[2] for name in known_as or () if name.partition("=")[0] == column]
        categories = kept or np.unique(texts).tolist()
        if len(categories) > _MOST_CATEGORIES:
            problem = f"{len(categories):,} different values, more than the {_MOST_CATEGORIES} that can be told apart"
            raise DataError("data.many_categories", key, column, problem, next_step="give numbers, or fewer categories")
        names += [f"{column}={category}" for category in categories]
        found += [(texts == category).astype(np.float64) for category in categories]
    return Features(tuple(names), np.stack(found, axis=1) if found else np.empty((len(table), 0)))


def one_table(splits: dict[str, Dataset]) -> pa.Table:
    """The rows of a lone split.

    Raises:
        DataError: the source gives several; series are split by time.
    """
    if len(splits) > 1:
        problem = f"the source gives splits ({', '.join(splits)}), but series are split by time"
        raise DataError("data.splits_given", "data.file", None, problem, next_step="give one file with all rows")
    pieces = (
        next(iter(splits.values())).with_format("arrow").iter(_ROWS_A_PIECE)
    )  # which, unlike all at once, copies none
    return pa.concat_tables(list(pieces))
