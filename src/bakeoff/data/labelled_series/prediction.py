"""New series for a finished run: from a file of the archives' formats, or a long table as in training.

N series, T steps, K channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from datasets import Dataset

from bakeoff.data.contract import NewExamples, Reading
from bakeoff.data.frames import batches_of
from bakeoff.data.labelled_series.formats import holds_series, read_series
from bakeoff.data.labelled_series.long import LongColumns, series_of_rows
from bakeoff.data.labelled_series.prepared import scaled
from bakeoff.data.labelled_series.spec import LabelledSeriesSpec
from bakeoff.data.labelled_series.table import completed, series_of
from bakeoff.data.sources.source import existing_path
from bakeoff.data.sources.table_file import read_table_file
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.data.text.ragged import Ragged
from bakeoff.errors import ConfigError, DataError


def new_series(spec: LabelledSeriesSpec, reading: Reading) -> NewExamples:
    """New series as `predict` wants them, named as in training, with their ``steps``.

    Args:
        spec: of the data that the model was trained on.
        reading: a file of series, or a table with the columns of training; its classes are not read.

    Raises:
        ConfigError: a text instead of a file.
        DataError: nothing there, no such column, or other channels than those of the run.
    """
    if reading.is_text:
        raise ConfigError("config.no_text", "text", reading.source, "this run reads series", next_step="input=FILE")
    path = existing_path(reading.source, key="input")
    if path.is_dir():
        raise DataError("data.not_a_file", "input", path, "is a folder", allowed="a file of series, or a table")
    if holds_series(path):
        found = read_series(path, key="input", encoding=reading.encoding or "utf-8")
        stored, names, notes = found.series, [f"{path.name}:{line}" for line in found.lines], found.notes
    else:
        stored, names, notes = _of_table(reading)
    values, filled = completed(series_of(stored, names), reading.trained.get("fill", "error"), names)
    require_channels(values[0].shape[1], spec, key="input", name=path.name)
    frames = Ragged.of([scaled(own_TK, spec.scaling) for own_TK in values], dtype=np.float32)
    raw = [np.array(frames.row(row)) for row in range(len(values))]
    shown: dict[str, list[Any]] = {"series": names, "steps": [len(own_TK) for own_TK in values]}
    return NewExamples(shown, raw, batches_of(frames, spec, reading.batch_size), (*notes, *filled))


def require_channels(own: int, trained: LabelledSeriesSpec, *, name: str, key: str = "data") -> None:
    """Nothing, if series have the channels of a run.

    Raises:
        DataError: they have more or fewer.
    """
    if own != trained.num_features:
        problem = f"its series have {own} channels, and those of the run {trained.num_features}"
        raise DataError("data.other_channels", key, name, problem)


def _of_table(reading: Reading) -> tuple[list[Any], list[str], tuple[str, ...]]:
    path, columns = existing_path(reading.source, key="input"), reading.trained.get("columns", {})
    if "values" not in columns:
        problem, allowed = "is no file of series", "a file such as those of training: .ts, .tsv or .txt"
        raise DataError("data.unknown_format", "input", path.name, problem, allowed=allowed)
    read = read_table_file(path, reading.table_format, key="input")
    how = LongColumns(columns["series"], time=columns.get("time"), values=columns.get("values"))
    rows = series_of_rows(Dataset(read.table), how, labelled=False)
    return rows["series"][:], rows[EXAMPLE_COLUMN][:], tuple(read.notes)
