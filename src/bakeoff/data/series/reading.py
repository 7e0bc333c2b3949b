"""From the rows of a table to series in one array, sorted and cleaned."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bakeoff.data.series.columns import SeriesColumns, features_of, find_columns, numbers_of
from bakeoff.data.series.gaps import merged, on_even_steps, with_filled
from bakeoff.data.series.long import Cleaning, Long
from bakeoff.data.series.panel import Panel
from bakeoff.data.series.stamps import Grid, read_times


def read_panel(
    table: pa.Table,
    columns: SeriesColumns,
    cleaning: Cleaning,
    *,
    season: int,
    known_as: dict[str, tuple[str, ...]] | None = None,
    grid: Grid | None = None,
) -> Panel:
    """The series of a table, sorted and cleaned.

    Args:
        table: a row a time, in any order.
        columns: which columns hold what.
        cleaning: what becomes of gaps, copies and missing values.
        season: steps of a season, for values that one before stands in for.
        known_as: names of the features of a finished run; None finds them.
        grid: the steps of a finished run; None finds them.

    Raises:
        DataError: whatever is wrong with the rows.
    """
    columns = find_columns(table, columns)
    untimed = (
        () if columns.time else ("Without a column of times, rows were taken in their order (data.columns.time).",)
    )
    long = _long(table, columns, cleaning, known_as)
    long, notes = _sorted(long, has_times=columns.time is not None)
    long, more = merged(long, cleaning.on_duplicate)
    grid = grid or (Grid("rows") if columns.time is None else Grid.of(long.times, long.follows))
    long, gaps = on_even_steps(long, grid, cleaning.on_gap)
    values, observed, bounds, filled = with_filled(long, cleaning.fill, season=season)
    starts, stops, ends, kept = bounds
    return Panel(
        values=values,
        observed=observed,
        known=long.known,
        past=long.past,
        static=long.static[starts],
        starts=starts,
        stops=stops,
        ends=ends,
        times=long.times,
        names=long.names[kept],
        grid=grid,
        columns=columns,
        features=long.features,
        notes=(*untimed, *notes, *more, *gaps, *filled),
    )


def _long(
    table: pa.Table, columns: SeriesColumns, cleaning: Cleaning, known_as: dict[str, tuple[str, ...]] | None
) -> Long:
    """The table with a row a series and time: wide ones a series after the other."""
    num_rows, targets = len(table), list(columns.target or ())
    beside = {
        key: features_of(table, getattr(columns, key), key=f"data.columns.{key}", known_as=(known_as or {}).get(key))
        for key in ("known", "past", "static")
    }
    times = np.arange(num_rows) if columns.time is None else read_times(table, columns.time, cleaning.time_format)
    codes, names = _codes(table, columns)
    if len(targets) > 1:
        codes = (codes + len(names) * np.arange(len(targets))[:, None]).reshape(-1)
        prefixes = [f"{name} " if columns.series else "" for name in names]
        names = np.array([prefix + target for target in targets for prefix in prefixes])
    rows = np.tile(np.arange(num_rows), len(targets)) if len(targets) > 1 else slice(None)
    return Long(
        codes=codes,
        times=times[rows],
        values=np.concatenate([numbers_of(table, target, key="data.columns.target") for target in targets]),
        known=beside["known"].values[rows],
        past=beside["past"].values[rows],
        static=beside["static"].values[rows],
        names=names,
        target=", ".join(targets[:3]),
        features={key: found.names for key, found in beside.items()},
    )


def _codes(table: pa.Table, columns: SeriesColumns) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Which series each row is of, numbered by name, and the names."""
    if columns.series is None:
        return np.zeros(len(table), dtype=np.int64), np.array([", ".join(columns.target or ())])
    coded = pc.dictionary_encode(table[columns.series].cast(pa.string()).fill_null("")).combine_chunks()
    names = np.array([name.strip() for name in coded.dictionary.to_pylist()], dtype=np.str_)
    found, number = np.unique(names, return_inverse=True)
    return number[coded.indices.to_numpy()].astype(np.int64), found


def _sorted(long: Long, *, has_times: bool) -> tuple[Long, list[str]]:
    """By series and time; rows of one time keep their order."""
    follows, later = long.follows[1:], long.times[1:] >= long.times[:-1]
    if not (back := follows & ~later).any() and (follows | (long.codes[1:] > long.codes[:-1])).all():
        return long, []
    order = np.lexsort((long.times, long.codes))
    if not has_times or not back.any():
        return long.taken(order), []
    newest_first = back.sum() > follows.sum() / 2
    said = "The file comes newest first" if newest_first else f"{back.sum():,} rows stand before an earlier one"
    return long.taken(order), [f"{said}; all were sorted by time."]
