"""A source's splits as one table of recordings with a transcript each."""

from __future__ import annotations

import dataclasses
from typing import Any

from datasets import Dataset, DatasetDict, concatenate_datasets

from bakeoff.data.audio.columns import (
    AudioColumns,
    audio_column,
    read_transcripts,
    transcript_column,
    undecoded_recordings,
)
from bakeoff.data.labels import OnMissing
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import SourceRows, Table, source_rows
from bakeoff.errors import DataError


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordingTable(Table):
    """All rows; ``records`` holds the undecoded recordings in one column, ``audio``."""

    noun = "recording"

    records: Dataset


@dataclasses.dataclass(frozen=True, kw_only=True)
class AudioTable(RecordingTable):
    """All rows, and in ``texts`` what is said."""

    texts: list[str]


def read_table(
    splits: DatasetDict, columns: AudioColumns, *, split: SplitRule, on_missing: OnMissing = "error"
) -> AudioTable:
    """Find the columns, read transcripts, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.
        on_missing: what becomes of recordings without a transcript.

    Raises:
        DataError: missing columns, recordings without a transcript, an empty split or no split to train on.
    """
    rows = source_rows(splits, split)
    _, facts = transcribed_rows(rows, columns, split=split, on_missing=on_missing)
    return AudioTable(**facts)


def transcribed_rows(
    rows: SourceRows, columns: AudioColumns, *, split: SplitRule, on_missing: OnMissing
) -> tuple[SourceRows, dict[str, Any]]:
    """The rows that have a transcript, and what an `AudioTable` has of them; raises as `read_table` does."""
    audio = audio_column(rows.train.features, columns.audio)
    text = transcript_column(rows.train, columns.text, audio=audio)
    column_of = {"audio": audio, "text": text}
    rows.require_columns(column_of)
    rows, texts = _with_transcripts(rows, text, columns, on_missing)
    records = concatenate_datasets([undecoded_recordings(dataset, audio) for dataset in rows.datasets.values()])
    return rows, rows.facts(split) | {"column_of": column_of, "records": records, "texts": texts}


def _with_transcripts(
    rows: SourceRows, column: str, columns: AudioColumns, on_missing: OnMissing
) -> tuple[SourceRows, list[str]]:
    """The recordings that have a transcript.

    Raises:
        DataError: some have none and ``on_missing`` is ``error``, or all of a split.
    """
    said = {part: read_transcripts(own, column, columns.spelling) for part, own in rows.datasets.items()}
    kept = {part: [row for row, text in enumerate(texts) if text is not None] for part, texts in said.items()}
    missing = [rows.examples[part][row] for part, texts in said.items() for row, text in enumerate(texts) if not text]
    texts = [text for part in said.values() for text in part if text is not None]
    if not missing:
        return rows, texts
    if on_missing == "error":
        num_all = sum(map(len, said.values()))
        problem = f"{len(missing):,} of {num_all:,} recordings have no transcript (first: {', '.join(missing[:3])})"
        step = "write them, or leave the recordings out with data.on_missing=drop"
        raise DataError("data.missing_transcript", "data.columns.text", column, problem, next_step=step)
    found = rows.selected(kept, key="data.columns.text", column=column, what="a transcript")
    note = f"{len(missing):,} recordings without a transcript were dropped (data.on_missing)."
    return dataclasses.replace(found, notes=(*rows.notes, note)), texts
