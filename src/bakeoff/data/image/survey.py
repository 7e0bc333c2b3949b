"""Classified images before they are decoded: sizes and forms by their headers, copies by their bytes."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from datasets import DatasetDict

from bakeoff.data.bad_rows import settle_bad
from bakeoff.data.image.columns import ImageColumns
from bakeoff.data.image.headers import choose_layout, height_and_width, read_headers
from bakeoff.data.image.near_copies import note_near_copies, thumbnail
from bakeoff.data.image.ranges import note_alpha, note_depth
from bakeoff.data.image.records import Header, PixelRule, Pixels, Record, UnreadableImage, read_pixels
from bakeoff.data.image.table import ImageTable, read_table
from bakeoff.data.prepared import PreparedRows
from bakeoff.data.surveyor import Surveyor

_BATCH_ROWS = 512
_MOST_DECODED, _RUN_ROWS = 900, 60
_MOST_PIXELS = 60_000_000  # a second or two of decoding
_COLOURS = {1: "gray", 3: "RGB"}


class ImageSurveyor(Surveyor[ImageTable]):
    """Images that are looked at; some of them are decoded."""

    _rule = PixelRule()

    def read(self, splits: DatasetDict, columns: ImageColumns) -> ImageTable:
        """The undecoded images, and the class of each."""
        return read_table(splits, columns, split=self.split, on_missing=self.on_missing)

    def settle(self, section: Mapping[str, Any]) -> None:
        """Leaves out what cannot be read, and notes what will be converted.

        Raises:
            DataError: unreadable images, or several sizes and none to bring them to.
        """
        headers, bad = self._headers
        parts = np.where(np.isin(np.arange(len(headers)), list(bad)), "", self.table.parts)
        bad_note = settle_bad(bad, num_rows=len(headers), on_bad=section["on_bad"], examples=self.table.examples)
        self._rule = PixelRule(section["bit_depth"], section["background"], max_megapixels=section["max_megapixels"])
        size = height_and_width(section["image_size"])
        _, colour_note = choose_layout(headers, is_test=parts == "test", image_size=size)
        forms = collections.Counter(map(_form, filter(None, headers)))
        forms_note = f"Forms: {', '.join(f'{form} ({count:,})' for form, count in forms.most_common())}."
        notes = (*self.table.notes, *filter(None, (bad_note, colour_note)), forms_note)
        self.table = dataclasses.replace(self.table, parts=parts, notes=notes)

    def digests(self) -> list[bytes]:
        """Of the encoded bytes; only files of one size are read, since others are no copies."""
        sizes = [_file_size(record) for record in self._records()]
        shared = collections.Counter(sizes)
        return [
            hashlib.blake2b(_content(record) if size is None or shared[size] > 1 else b"%d" % row).digest()
            for row, (record, size) in enumerate(zip(self._records(), sizes, strict=True))
        ]

    def measures(self) -> dict[str, Sequence[float]]:
        """Height and width in pixels, as shown."""
        seen = [header for header in self._headers[0] if header]
        return {"height": [header.height for header in seen], "width": [header.width for header in seen]}

    def remarks(self, rows: PreparedRows) -> list[str]:
        """Near-copies, lost gray levels and hidden shapes among as many images as are decoded in a second or two.

        Raises:
            DataError: images that are all black, or show nothing before the background.
        """
        headers, looked_at = self._headers[0], self._looked_at()
        pixels = {row: self._pixels(row) for row in looked_at}
        ranges_N2 = np.array([[image.min(), image.max()] for image in pixels.values()], dtype=np.uint8).reshape(-1, 2)
        seen = [headers[row] for row in pixels]
        found = (
            note_near_copies(rows, {row: thumbnail(image) for row, image in pixels.items()}),
            note_depth(seen, ranges_N2, bit_depth=self._rule.bit_depth),
            note_alpha(seen, ranges_N2, background=self._rule.background),
        )
        return [f"Of {len(pixels):,} images looked at: {note}" for note in found if note]

    def _looked_at(self) -> list[int]:
        """Runs of rows, as many as there is time for."""
        headers = self._headers[0]
        num_runs = max(1, min(len(headers), _MOST_DECODED) // _RUN_ROWS)
        starts = np.linspace(0, max(0, len(headers) - _RUN_ROWS), num_runs).astype(int)
        rows = sorted({row for start in starts for row in range(start, min(start + _RUN_ROWS, len(headers)))})
        readable = [(row, header) for row in rows if (header := headers[row]) is not None]
        spent = itertools.accumulate(header.height * header.width for _, header in readable)
        return [row for (row, _), pixels in zip(readable, spent, strict=True) if pixels <= _MOST_PIXELS]

    def _pixels(self, row: int) -> Pixels:
        record, header = self.table.records[row]["image"], self._headers[0][row]
        assert header is not None
        try:
            return read_pixels(record, channels=header.channels, rule=self._rule).transpose(2, 0, 1)
        except UnreadableImage:  # its header could be read, its pixels cannot; training says which
            return np.zeros((1, 1, 1), dtype=np.uint8)

    def show(self, row: int) -> str:
        """Its size and form."""
        header = self._headers[0][row]
        return f"{header.height} x {header.width} {_form(header)}" if header else "cannot be read"

    def _records(self) -> Iterator[Record]:
        for start in range(0, len(self.table.records), _BATCH_ROWS):
            yield from self.table.records[start : start + _BATCH_ROWS]["image"]

    @cached_property
    def _headers(self) -> tuple[list[Header | None], dict[int, str]]:
        bad: dict[int, str] = {}
        return read_headers(self.table.records, bad), bad


def _form(header: Header) -> str:
    form = f"{_COLOURS[header.channels]} of {header.bits} bits"
    return f"{form} with alpha" if header.has_alpha else form


def _file_size(record: Record) -> int | None:
    """Of a file that is not in memory."""
    path = Path(str(record["path"])) if isinstance(record, dict) and not record.get("bytes") else None
    return path.stat().st_size if path and path.is_file() else None


def _content(record: Record) -> bytes:
    if not isinstance(record, dict):
        return np.asarray(record).tobytes()
    encoded, path = record.get("bytes"), Path(str(record["path"]))
    return encoded if isinstance(encoded, bytes) else path.read_bytes() if path.is_file() else str(path).encode()


SURVEYOR = ImageSurveyor
