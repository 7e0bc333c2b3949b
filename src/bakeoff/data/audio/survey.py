"""Recordings with transcripts before they are prepared: lengths and rates by their headers, copies by their bytes."""

from __future__ import annotations

import collections
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from datasets import DatasetDict

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.recordings import Record, UnreadableAudio, header_of
from bakeoff.data.audio.table import AudioTable, RecordingTable, read_table
from bakeoff.data.bad_rows import settle_bad
from bakeoff.data.surveyor import Surveyor

AnyRecordings = TypeVar("AnyRecordings", bound=RecordingTable)
_BATCH_ROWS = 64
_MOST_SHOWN = 80
_CHANNELS = {1: "mono", 2: "stereo"}


class RecordingSurveyor(Surveyor[AnyRecordings]):
    """Recordings whose headers are looked at."""

    def settle(self, section: Mapping[str, Any]) -> None:
        """Leaves out what cannot be read or is too long, and notes rates and channels.

        Raises:
            DataError: unreadable recordings.
        """
        headers, bad = self._headers
        table = self.table
        note = settle_bad(
            bad, num_rows=len(headers), on_bad=section["on_bad"], examples=table.examples, noun="recording"
        )
        long = [row for row, header in enumerate(headers) if header and header[0] > section["max_seconds"]]
        lost = np.isin(np.arange(len(headers)), [*bad, *long])
        rates = collections.Counter(
            f"{header[1]:,} Hz, {_CHANNELS.get(header[2], f'{header[2]} channels')}" for header in headers if header
        )
        forms = f"Forms: {', '.join(f'{form} ({count:,})' for form, count in rates.most_common())}."
        notes = (*table.notes, *filter(None, (note, too_long(len(long), len(headers), section["max_seconds"]), forms)))
        self.table = replace(table, parts=np.where(lost, "", table.parts), notes=notes)

    def digests(self) -> list[bytes]:
        """Of the encoded bytes."""
        return [hashlib.blake2b(_content(record)).digest() for record in self._records()]

    def measures(self) -> dict[str, Sequence[float]]:
        """How long recordings are."""
        return {"milliseconds": [round(1000 * header[0]) for header in self._headers[0] if header]}

    def length_of(self, row: int) -> str:
        """In words."""
        header = self._headers[0][row]
        return f"{header[0]:.2f} s" if header else "cannot be read"

    def _records(self) -> Iterator[Record]:
        yield from each_record(self.table)

    @cached_property
    def _headers(self) -> tuple[list[tuple[float, int, int] | None], dict[int, str]]:
        headers: list[tuple[float, int, int] | None] = []
        bad: dict[int, str] = {}
        for row, record in enumerate(self._records()):
            try:
                headers.append(header_of(record))
            except UnreadableAudio as error:
                headers.append(None)
                bad[row] = str(error)
        return headers, bad


class AudioSurveyor(RecordingSurveyor[AudioTable]):
    """Recordings whose headers are looked at, and all transcripts."""

    def read(self, splits: DatasetDict, columns: AudioColumns) -> AudioTable:
        """The undecoded recordings, and the transcript of each."""
        return read_table(splits, columns, split=self.split, on_missing=self.on_missing)

    def measures(self) -> dict[str, Sequence[float]]:
        """How long recordings are, and words and characters of transcripts."""
        texts = self.table.texts
        return super().measures() | {
            "words": [len(text.split()) for text in texts],
            "characters": [len(text) for text in texts],
        }

    def show(self, row: int) -> str:
        """How long it is, and what is said."""
        text = self.table.texts[row]
        return f"{self.length_of(row)}: {text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + '...'}"


def each_record(table: RecordingTable) -> Iterator[Record]:
    """The undecoded recordings, a few in memory at a time."""
    for start in range(0, len(table.records), _BATCH_ROWS):
        yield from table.records[start : start + _BATCH_ROWS]["audio"]


def too_long(count: int, num_rows: int, max_seconds: float) -> str | None:
    """A sentence on recordings that were left out for their length, None if there are none."""
    note = f"{count:,} of {num_rows:,} recordings are longer than {max_seconds:g} s and were left out"
    return f"{note} (data.max_seconds)." if count else None


def _content(record: Record) -> bytes:
    encoded, path = record.get("bytes"), record.get("path")
    if isinstance(encoded, bytes):
        return encoded
    if record.get("array") is not None:
        return np.asarray(record["array"], dtype=np.float32).tobytes()
    file = Path(str(path))
    return file.read_bytes() if file.is_file() else str(path).encode()


SURVEYOR = AudioSurveyor
