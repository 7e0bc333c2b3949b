"""New series for a finished run: the end of each, to forecast what comes after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from datasets import Dataset

from bakeoff.data.contract import Inputs, NewExamples, Reading
from bakeoff.data.series.columns import SeriesColumns, one_table
from bakeoff.data.series.folds import Windows
from bakeoff.data.series.history import History
from bakeoff.data.series.long import Cleaning
from bakeoff.data.series.panel import Panel
from bakeoff.data.series.reading import read_panel
from bakeoff.data.series.spec import SeriesSpec
from bakeoff.data.series.stamps import Grid, shown
from bakeoff.data.series.windows import Reader
from bakeoff.data.sources.source import existing_path
from bakeoff.data.sources.table_file import read_table_file
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_KINDS = ("known", "past", "static")


def read_new(spec: SeriesSpec, reading: Reading) -> NewExamples:
    """The last window of each series, and the times of the steps after it.

    The file has the columns of training, but for those that training had for each series in wide form: its own are
    taken. Where features are known of the future, the file has rows for the horizon, without values.

    Raises:
        DataError: no such file or column, or nothing known of the horizon where training had that.
    """
    path = existing_path(reading.source, key="input")
    read = read_table_file(path, reading.table_format, key="input")
    table = Dataset(read.table).add_column(EXAMPLE_COLUMN, [f"{path.name}:{line}" for line in read.lines])
    asked = reading.trained.get("columns", {}).get("target")
    columns = _columns(spec, target=reading.column or ("all" if asked == "all" else None))
    trained = {key: reading.trained.get(key, "error") for key in ("on_gap", "on_duplicate", "fill")}
    panel = read_panel(
        one_table({"new": table}),
        columns,
        Cleaning(**trained, time_format=reading.trained.get("time_format")),
        season=spec.season,
        known_as={key: tuple(spec.features[key]) for key in _KINDS},
        grid=Grid(**spec.grid) if columns.time else None,
    )
    if spec.num_known:
        _require_known(panel, spec)
    standards = (spec.feature_means, spec.feature_deviations)
    means, deviations = ({kind: np.asarray(part[kind], dtype=float) for kind in _KINDS} for part in standards)
    scaling: Any = spec.scaling
    reader = Reader(
        panel=panel,
        window=spec.window,
        horizon=spec.horizon,
        scaling=scaling,
        means=means,
        deviations=deviations,
    )
    return _examples(panel, reader, spec, reading.batch_size, (*read.notes, *panel.notes))


def _columns(spec: SeriesSpec, *, target: str | None) -> SeriesColumns:
    found: Mapping[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in spec.columns.items()}
    return dataclasses.replace(SeriesColumns(**found), **({"target": target} if target else {}))


def _require_known(panel: Panel, spec: SeriesSpec) -> None:
    lacking = np.flatnonzero(panel.ends - panel.stops < spec.horizon)
    if len(lacking):
        problem = (
            f"{len(lacking):,} series lack rows with {', '.join(spec.columns['known'])} for the {spec.horizon} steps "
        )
        problem += f"after their last value, such as {panel.names[lacking[0]]}"
        step = "add such rows, without values"
        raise DataError("data.unknown_future", "input", None, problem, next_step=step)


def _examples(panel: Panel, reader: Reader, spec: SeriesSpec, batch_size: int, notes: tuple[str, ...]) -> NewExamples:
    every = Windows(panel.stops, np.arange(len(panel.names)))
    ahead = np.arange(1, spec.horizon + 1)
    times = panel.grid.after(np.repeat(panel.times[panel.stops - 1], spec.horizon), np.tile(ahead, len(every)))
    known = reader.known_ahead(every) if spec.num_known else np.empty((len(every), spec.horizon, 0))
    raw = [
        History(
            panel.values[start:stop], panel.observed[start:stop], spec.window, spec.horizon, spec.season, known[place]
        )
        for place, (start, stop) in enumerate(zip(panel.starts.tolist(), panel.stops.tolist(), strict=True))
    ]
    batches = [
        reader.inputs(Windows(every.origins[start : start + batch_size], every.series[start : start + batch_size]))
        for start in range(0, len(every), batch_size)
    ]
    shown_as = {"series": np.repeat(panel.names, spec.horizon).tolist(), "time": [shown(time) for time in times]}
    return NewExamples(shown_as, raw, Inputs(batches), notes)
