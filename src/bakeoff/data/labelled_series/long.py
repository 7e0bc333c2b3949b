"""Long tables: a row a step, of which a column says the series, put together to a row a series.

T steps, K channels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset
from numpy.typing import NDArray

from bakeoff.data.columns import choose_column, column_values
from bakeoff.data.series.columns import as_numbers, numbers_of
from bakeoff.data.series.stamps import read_times
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_KEY = "data.columns"


@dataclasses.dataclass(frozen=True)
class LongColumns:
    """The names of the columns.

    Args:
        series: which series a row is of.
        label: its class, the same in all rows of a series; null finds one called label, class or target.
        time: when a row was taken; null: rows follow each other as they stand.
        values: the channels; null: every other column of numbers that changes within a series.
    """

    series: str
    label: str | None = None
    time: str | None = None
    values: Sequence[str] | None = None


def series_of_rows(rows: Dataset, columns: LongColumns, *, labelled: bool = True) -> Dataset:
    """A row a series, in the order of their first rows: ``series``, ``label`` and the columns that never change in one.

    Args:
        rows: the table.
        columns: what holds what.
        labelled: whether classes are wanted.

    Raises:
        DataError: no such column, a series of two classes, two rows of one time, or channels that hold no numbers.
    """
    table = pa.table({name: rows.with_format("arrow")[:][name] for name in rows.column_names})
    names = [str(value).strip() for value in column_values(rows, columns.series, kind="series", key=f"{_KEY}.series")]
    found, first, codes = np.unique(names, return_index=True, return_inverse=True)
    order = _in_time(table, columns, codes.astype(np.int64))
    by_first = np.argsort(first, kind="stable")
    by_number = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    parts = [by_number[number] for number in by_first]
    label = choose_column("label", columns.label, [], rows.features) if labelled else None
    constant = _constant(table, codes, skip={columns.series, columns.time, EXAMPLE_COLUMN, label})
    if label is not None:
        _require_one_class(table, label, codes, found)
    channels = _channels(table, columns, {columns.series, columns.time, label, EXAMPLE_COLUMN, *constant})
    values_TK = np.stack([numbers_of(table, name, key=f"{_KEY}.values") for name in channels], axis=1)
    starts = pa.array([int(own[0]) for own in parts])
    kept = [name for name in (label, *constant) if name is not None and name not in channels]
    content = {name: table[name].take(starts) for name in kept}
    if label is not None and label != "label":
        content = {"label" if name == label else name: value for name, value in content.items() if name != "label"}
    lists = pa.list_(pa.list_(pa.float32()))
    series = pa.array([values_TK[own].T.tolist() for own in parts], lists)
    return Dataset(pa.table(content | {"series": series, EXAMPLE_COLUMN: [str(found[number]) for number in by_first]}))


def _in_time(table: pa.Table, columns: LongColumns, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows by series, in each by time or as they stand.

    Raises:
        DataError: two rows of a series have one time.
    """
    if columns.time is None:
        return np.argsort(codes, kind="stable")
    if columns.time not in table.column_names:
        raise DataError(
            "data.missing_column", f"{_KEY}.time", columns.time, "no such column", allowed=table.column_names
        )
    times = read_times(table, columns.time, None)
    order = np.lexsort((times, codes))
    same = (codes[order][1:] == codes[order][:-1]) & (times[order][1:] == times[order][:-1])
    if same.any():
        row = int(order[1:][same][0])
        problem = f"{int(same.sum()):,} rows have the time of another row of their series (first: {row + 1:,})"
        raise DataError("data.duplicate_times", f"{_KEY}.time", columns.time, problem, next_step="remove them")
    return order


def _constant(table: pa.Table, codes: NDArray[np.int64], *, skip: set[str | None]) -> list[str]:
    """Columns of one value in each series, such as a person or a split."""
    found = []
    for name in table.column_names:
        if name in skip:
            continue
        values = pc.dictionary_encode(table[name], null_encoding="encode").combine_chunks().indices.to_numpy()
        if len(np.unique(np.stack([codes, values]), axis=1).T) == len(np.unique(codes)):
            found.append(name)
    return found


def _require_one_class(table: pa.Table, label: str, codes: NDArray[np.int64], names: NDArray[np.str_]) -> None:
    said = pc.dictionary_encode(table[label], null_encoding="encode").combine_chunks().indices.to_numpy()
    pairs = np.unique(np.stack([codes, said]), axis=1)
    doubled = np.flatnonzero(np.bincount(pairs[0]) > 1)
    if len(doubled):
        problem = f"{len(doubled):,} series have rows of several classes, such as {names[doubled[0]]}"
        step = "a series has one class: cut it where the class changes, and name the pieces in data.columns.series"
        raise DataError("data.several_classes", f"{_KEY}.label", label, problem, next_step=step)


def _channels(table: pa.Table, columns: LongColumns, taken: set[str | None]) -> list[str]:
    """The columns of values.

    Raises:
        DataError: no such column, or none that could be meant.
    """
    wanted = list(columns.values or ())
    lacking = [name for name in wanted if name not in table.column_names]
    if lacking:
        raise DataError(
            "data.missing_column", f"{_KEY}.values", lacking[0], "no such column", allowed=table.column_names
        )
    found = wanted or [name for name in table.column_names if name not in taken and _are_numbers(table[name])]
    if not found:
        problem = "no other column holds numbers that change within a series"
        step = f"{_KEY}.values=[NAME,...]"
        raise DataError("data.missing_column", f"{_KEY}.values", None, problem, next_step=step)
    return found


def _are_numbers(values: pa.ChunkedArray) -> bool:
    try:
        as_numbers(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True
