"""New recordings for a finished run: from files, a folder or a table, as features computed as in its training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset

from bakeoff.data.audio.columns import audio_column, undecoded_recordings
from bakeoff.data.audio.recordings import Record, Recording, Samples, UnreadableAudio, read_recording
from bakeoff.data.audio.spec import AudioSpec
from bakeoff.data.contract import Inputs, LazyRows, NewExamples, Reading
from bakeoff.data.frames import batches_of
from bakeoff.data.sources.audio_folder import RECORDINGS
from bakeoff.data.sources.folders import read_tree
from bakeoff.data.sources.hub import HuggingFace
from bakeoff.data.sources.source import existing_path
from bakeoff.data.sources.table_file import SUFFIXES, read_table_file, table_suffix
from bakeoff.data.text.ragged import Ragged
from bakeoff.errors import ConfigError, DataError


def new_recordings(spec: AudioSpec, reading: Reading, *, column: str) -> NewExamples:
    """New recordings as `predict` wants them, named by ``file``, with their ``seconds``.

    Args:
        spec: of the data that the model was trained on.
        reading: a recording, a folder (all recordings in it and below), or a table: ``.parquet`` with a column of
            recordings, or another (``.csv``, ``.jsonl``, ...) with a column of paths, relative to the table.
        column: what the column was called in training.

    Raises:
        ConfigError: a text instead of recordings.
        DataError: nothing there, no such column, or an unreadable recording.
    """
    if reading.is_text:
        problem = "this run reads recordings"
        raise ConfigError("config.no_text", "text", reading.source, problem, next_step="input=FILE")
    records, names = _records(reading, column)
    front_end, features, kept, seconds, bad = spec.make_front_end(), [], [], [], []
    for number, record in enumerate(records):
        try:
            recording = read_recording(record)
        except UnreadableAudio as error:
            bad.append(f"{names[number]}: {error}")
            continue
        features.append(front_end.of(recording))
        kept.append(number)
        seconds.append(round(recording.seconds, 3))
    _refuse_bad(bad, len(records), reading)
    shown: dict[str, list[Any]] = {"file": [names[number] for number in kept], "seconds": seconds}
    raw = LazyRows(len(kept), lambda rows: [read_recording(records[kept[row]]) for row in rows])
    notes = (f"{len(bad):,} recordings that cannot be read were left out",) * bool(bad)
    return NewExamples(shown, raw, batches_of(Ragged.of(features, dtype=np.float32), spec, reading.batch_size), notes)


def new_sounds(spec: AudioSpec, sounds: Sequence[Samples], sample_rate_hz: int, *, batch_size: int = 64) -> Inputs:
    """Sounds that were made in this process, as a network wants them."""
    front_end = spec.make_front_end()
    features = [front_end.of(Recording(samples_T, sample_rate_hz)) for samples_T in sounds]
    return batches_of(Ragged.of(features, dtype=np.float32), spec, batch_size)


def _refuse_bad(bad: Sequence[str], num_records: int, reading: Reading) -> None:
    if num_records and len(bad) < num_records and (not bad or reading.on_bad == "skip"):
        return
    said = f"{len(bad):,} of {num_records:,} recordings cannot be read ({'; '.join(bad[:3])})"
    problem = said if num_records else "there are no recordings"
    step = "repair them"
    raise DataError("data.corrupt_recording", "on_bad", reading.on_bad, problem, allowed="error, skip", next_step=step)


def _records(reading: Reading, column: str) -> tuple[Sequence[Record], list[str]]:
    path = existing_path(reading.source, key="input")
    if path.suffix.lower() == ".parquet":
        dataset = next(iter(HuggingFace(path=str(path), config=None, revision=None).load().values()))
        wanted = reading.column or (column if column in dataset.column_names else None)
        found: Dataset = undecoded_recordings(dataset, audio_column(dataset.features, wanted))
        return found[:]["audio"], [f"{path.name}#{row}" for row in range(len(found))]
    if table_suffix(path.name) in SUFFIXES:
        table = read_table_file(path, reading.table_format, key="input").table
        named = Dataset(table)
        usual = next((name for name in (column, "file_name") if name in table.column_names), None)
        files = [path.parent / str(name) for name in named[audio_column(named.features, reading.column or usual)]]
    elif path.is_file():
        files = [path]
    else:
        files = [path / file for file in read_tree(path, RECORDINGS, key="input").files]
        if not files:
            problem = "there are no recordings in this folder or below it"
            raise DataError("data.empty_folder", "input", path, problem)
    return [{"bytes": None, "path": str(file)} for file in files], [str(file) for file in files]
