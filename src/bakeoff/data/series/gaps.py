"""Series that are not whole: several rows of one time, steps that are missing, and values that are.

N rows, S series.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.series.long import Fill, Long, OnCopy, OnGap
from bakeoff.data.series.stamps import Grid, shown
from bakeoff.errors import DataError

_OFF_GRID = 1e-6
_MOST_TIMES_LONGER = 20
Bounds = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def merged(long: Long, on_copy: OnCopy) -> tuple[Long, list[str]]:
    """One row a series and time, of rows that are sorted.

    Raises:
        DataError: several, unless ``on_copy`` says what becomes of them.
    """
    copies = long.follows & np.concatenate([[False], long.times[1:] == long.times[:-1]])
    if not copies.any():
        return long, []
    first = int(np.flatnonzero(copies)[0])
    where = f"{shown(long.times[first])} in series {long.names[long.codes[first]]}"
    if on_copy == "error":
        problem = f"{copies.sum():,} rows have the series and time of another, the first {where}"
        step = "data.on_duplicate=mean (or sum, first, last)"
        step += "" if len(long.names) > 1 else "; where rows are of several series, data.columns.series=COLUMN"
        raise DataError("data.duplicate_times", "data.columns.time", None, problem, next_step=step)
    heads = np.flatnonzero(~copies)
    note = f"{copies.sum():,} rows of a series and time that another has were merged ({on_copy}), such as {where}."
    if on_copy in ("first", "last"):
        return long.taken(heads if on_copy == "first" else np.append(heads[1:], len(copies)) - 1), [note]
    sums = np.add.reduceat(np.nan_to_num(long.values), heads)
    counts = np.add.reduceat(np.isfinite(long.values).astype(float), heads)
    values = np.where(counts > 0, sums / (np.maximum(counts, 1) if on_copy == "mean" else 1), np.nan)
    return dataclasses.replace(long.taken(heads), values=values), [note]


def on_even_steps(long: Long, grid: Grid, on_gap: OnGap) -> tuple[Long, list[str]]:
    """The rows with those that are missing between them, as far as ``on_gap`` wants them.

    Raises:
        DataError: gaps, or times between the steps, unless ``on_gap`` says what becomes of them.
    """
    if grid.kind == "rows" or len(long.codes) < 2:
        return long, []
    places, follows = grid.positions(long.times), long.follows[1:]
    steps = np.diff(places)
    odd = follows & (np.abs(steps - np.round(steps)) > _OFF_GRID)
    gaps = follows & ~odd & (steps > 1 + _OFF_GRID)
    if not (odd.any() or gaps.any()):
        return long, []
    said = _gaps_in_words(long, grid, odd, gaps, steps)
    if on_gap == "keep":
        return long, [f"{said}: rows were taken as if they followed each other (data.on_gap)."]
    if on_gap == "error" or odd.any():
        step = "data.on_gap=keep takes rows as if they followed each other"
        if not odd.any() and not _skips_often(gaps, follows):
            step = f"data.on_gap=fill marks what is missing (with data.fill=previous); or {step}"
        raise DataError("data.gaps", "data.on_gap", on_gap, said, next_step=step)
    return _with_missing_rows(long, grid, np.where(follows, np.round(steps), 1).astype(np.int64), said), [
        f"{said}: filled up as missing (data.on_gap)."
    ]


def _skips_often(gaps: NDArray[np.bool_], follows: NDArray[np.bool_]) -> bool:
    """Whether there are gaps at more than one step in ten, as where markets close."""
    return bool(gaps.sum() > follows.sum() / 10)


def _gaps_in_words(long: Long, grid: Grid, odd: Any, gaps: Any, steps: Any) -> str:
    first = int(np.flatnonzero(odd | gaps)[0])
    where = f"after {shown(long.times[first])} in series {long.names[long.codes[first]]}"
    if odd.any():
        return f"{odd.sum():,} times are not on the even steps of {grid.words} that most keep, the first {where}"
    missing = int((np.round(steps[gaps]) - 1).sum())
    return f"{missing:,} steps of {grid.words} are missing in {gaps.sum():,} gaps, the first {where}"


def _with_missing_rows(long: Long, grid: Grid, steps: NDArray[np.int64], said: str) -> Long:
    places = np.concatenate([[0], np.cumsum(steps)])
    if places[-1] > _MOST_TIMES_LONGER * len(places):
        problem = f"{said}, more than {_MOST_TIMES_LONGER} times what there is"
        raise DataError("data.gaps", "data.on_gap", "fill", problem, next_step="look for times that are wrong")
    before = np.searchsorted(places, np.arange(places[-1] + 1), side="right") - 1
    missing = places[before] != np.arange(len(before))
    whole = long.taken(before)
    times = np.where(missing, grid.after(long.times[before], np.arange(len(before)) - places[before]), whole.times)
    emptied: dict[str, Any] = {"values": np.where(missing, np.nan, whole.values)} | {
        name: np.where(missing[:, None], np.nan, getattr(whole, name)) for name in ("known", "past")
    }
    return dataclasses.replace(whole, times=times, **emptied)


def with_filled(
    long: Long, fill: Fill, *, season: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], Bounds, list[str]]:
    """Values without missing ones between, which are ones, where series begin, stop and end, and notes.

    Missing values at either end are left out, and series without any value; missing features are as the step before.

    Raises:
        DataError: values are missing within a series, or features, and ``fill`` says nothing of them.
    """
    there = np.isfinite(long.values)
    heads = np.flatnonzero(~long.follows)
    ends = np.append(heads[1:], len(there))
    counts = np.add.reduceat(there, heads, dtype=np.int64)
    kept = np.flatnonzero(counts > 0)
    if not len(kept):
        raise DataError("data.empty_split", "data.columns.target", long.target, "no series has a value")
    places = np.flatnonzero(there)
    firsts = np.concatenate([[0], np.cumsum(counts)])
    starts, stops = places[firsts[kept]], places[firsts[kept + 1] - 1] + 1
    notes = [f"{len(heads) - len(kept):,} series without a value were left out."] if len(kept) < len(heads) else []
    inside = np.zeros(len(there) + 1, dtype=np.int64)
    np.add.at(inside, starts, 1)
    np.add.at(inside, stops, -1)
    lost = np.flatnonzero(~there & (np.cumsum(inside[:-1]) > 0))
    values = np.where(there, long.values, 0.0)
    if len(lost):
        where = f"the first at {shown(long.times[lost[0]])} in series {long.names[long.codes[lost[0]]]}"
        said = f"{len(lost):,} of {(stops - starts).sum():,} values are missing, {where}"
        if fill == "error":
            step = "data.fill=previous (or season, zero); filled steps are marked, and never scored nor learnt"
            raise DataError("data.nan_series", "data.columns.target", long.target, said, next_step=step)
        _fill(values, there, lost, heads, fill, season=season)
        notes.append(f"{said}: filled ({fill}), marked, and never scored nor learnt (data.fill).")
    for key in ("known", "past"):
        _fill_features(getattr(long, key), heads, fill, key, long.features[key])
    return values, there, (starts, stops, ends[kept], long.codes[heads][kept]), notes


def _fill(
    values: NDArray[np.float64], there: NDArray[np.bool_], lost: Any, heads: Any, fill: Fill, *, season: int
) -> None:
    """In place; nothing but what came before is used."""
    if fill == "zero":
        return
    previous = np.maximum.accumulate(np.where(there, np.arange(len(there)), 0))
    if fill == "previous":
        values[lost] = values[previous[lost]]
        return
    first = heads[np.searchsorted(heads, lost, side="right") - 1]
    known = there.copy()
    for row, head in zip(lost.tolist(), first.tolist(), strict=True):
        before = row - season
        values[row] = values[before] if before >= head and known[before] else values[previous[row]]
        known[row] = True


def _fill_features(features: NDArray[np.float64], heads: Any, fill: Fill, key: str, names: tuple[str, ...]) -> None:
    """In place: as the step before, of a series' first steps as the next one that is known."""
    for column, name in enumerate(names):
        values = features[:, column]
        there = np.isfinite(values)
        if there.all():
            continue
        if fill == "error":
            problem = f"{(~there).sum():,} of {len(there):,} values are missing"
            step = "data.fill=previous takes the value of the step before"
            raise DataError("data.nan_series", f"data.columns.{key}", name, problem, next_step=step)
        rows = np.where(there, np.arange(len(there)), -1)
        rows[heads] = np.maximum(rows[heads], heads)
        features[:, column] = np.nan_to_num(values[np.maximum.accumulate(rows)])
