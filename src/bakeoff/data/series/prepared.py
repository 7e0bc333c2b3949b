"""The cleaned series on disk, made once and shared by all trials."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.prepared import read_folder, write_folder
from bakeoff.data.series.columns import SeriesColumns, one_table
from bakeoff.data.series.long import Cleaning
from bakeoff.data.series.panel import Panel
from bakeoff.data.series.reading import read_panel
from bakeoff.data.series.stamps import Grid
from bakeoff.data.sources.source import Source

_FORMAT = 1  # raised whenever prepared folders change their meaning


def prepare_panel(source: Source, columns: SeriesColumns, cleaning: Cleaning, *, season: int) -> Panel:
    """The series of a source, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the rows; nothing is left on disk then.
        EnvironmentFault: no space or no right to write the cache.
    """
    plain: dict[str, Any] = {"format": _FORMAT, "source": source.identity(), "columns": dataclasses.asdict(columns)}
    plain |= {"cleaning": dataclasses.asdict(cleaning), "season": season if cleaning.fill == "season" else None}
    folder = cached_folder("series", digest(plain), lambda partial: _build(partial, source, columns, cleaning, season))
    return _open(folder)


def _build(folder: Path, source: Source, columns: SeriesColumns, cleaning: Cleaning, season: int) -> None:
    splits = source.load()
    panel = read_panel(one_table(splits), columns, cleaning, season=season)
    notes = (*getattr(splits, "notes", ()), *panel.notes)
    values = {field.name: getattr(panel, field.name) for field in dataclasses.fields(panel)} | {"notes": notes}
    values |= {"grid": dataclasses.asdict(panel.grid), "columns": dataclasses.asdict(panel.columns)}
    write_folder(folder, values)


def _open(folder: Path) -> Panel:
    values = read_folder(folder)
    columns: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values["columns"].items()
    }
    features = {key: tuple(names) for key, names in values["features"].items()}
    made = {"grid": Grid(**values["grid"]), "columns": SeriesColumns(**columns), "features": features}
    return Panel(**values | made)
