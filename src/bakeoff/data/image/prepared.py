"""Images as pixels on disk, decoded once; their fingerprint is of the pixels, the classes and the fixed split."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.bad_rows import OnBad, settle_bad
from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.checks import require_choice
from bakeoff.data.image import headers as reading
from bakeoff.data.image.fitting import Fit
from bakeoff.data.image.headers import Layout
from bakeoff.data.image.near_copies import note_near_copies
from bakeoff.data.image.pixels import Measured, measure
from bakeoff.data.image.ranges import note_alpha, note_depth
from bakeoff.data.image.records import Background, PixelRule
from bakeoff.data.image.table import ImageTable, read_table
from bakeoff.data.prepared import Preparation, PreparedRows, part_rows, read_folder, write_folder
from bakeoff.data.sources.source import Source
from bakeoff.errors import ConfigError

_BIT_DEPTHS = range(1, 17)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImagePreparation(Preparation):
    """How the source becomes arrays.

    Args:
        image_size: what images are resized to; None keeps the native size, which must be uniform.
        on_bad: what becomes of unreadable images.
        in_memory_gb: above this many gigabytes nothing decoded is kept.
        pixel_rule: how stored values become pixels.

    Raises:
        ConfigError: a setting outside of its range.
    """

    columns: Any
    image_size: tuple[int, int] | None
    on_bad: OnBad
    in_memory_gb: float
    pixel_rule: PixelRule

    def __post_init__(self) -> None:
        require_choice("on_bad", self.on_bad, get_args(OnBad))
        require_choice("background", self.pixel_rule.background, get_args(Background))
        require_choice("fit", self.pixel_rule.fit, get_args(Fit))
        bit_depth = self.pixel_rule.bit_depth
        if bit_depth not in _BIT_DEPTHS:
            problem, allowed = "is no depth of pixels in 16-bit files", f"{_BIT_DEPTHS[0]} to {_BIT_DEPTHS[-1]}"
            raise ConfigError("config.out_of_range", "data.bit_depth", bit_depth, problem, allowed=allowed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedImages(PreparedRows):
    """The arrays of a prepared folder.

    ``pixels_NCHW`` is uint8, mapped from disk and shared between processes, or None where the decoded images exceed the
    memory limit. ``sums_2NC`` is of `Measured`.
    """

    pixels_NCHW: Tensor | None
    sums_2NC: NDArray[np.int64]
    layout: Layout

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map a prepared folder; nothing is decoded and little is read."""
        return cls(**cls._mapped(folder))

    @classmethod
    def _mapped(cls, folder: Path) -> dict[str, Any]:
        """The arguments of the constructor."""
        values = read_folder(folder)
        pixels_NCHW = mapped_array(folder / "pixels.npy")
        return values | {"pixels_NCHW": pixels_NCHW, "layout": Layout(*values["layout"])}


def mapped_array(file: Path) -> Tensor | None:
    """An array on disk, read where it is looked at; None where there is no such file."""
    # copy-on-write, since torch warns of arrays it could write to but must not; nothing writes
    return torch.from_numpy(np.load(file, mmap_mode="c")) if file.exists() else None


def prepare_images(source: Source, preparation: ImagePreparation) -> PreparedImages:
    """The prepared images, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    folder = cached_folder("images", preparation.key(source), lambda partial: _build(partial, source, preparation))
    return PreparedImages.open(folder)


def read_records(source: Source, preparation: ImagePreparation) -> Dataset:
    """The undecoded images, a row each in the order of the prepared arrays."""
    return _table(source, preparation).records


def _table(source: Source, preparation: ImagePreparation) -> ImageTable:
    columns, split = preparation.columns, preparation.split
    return read_table(source.load(), columns, split=split, on_missing=preparation.on_missing)


def _build(folder: Path, source: Source, preparation: ImagePreparation) -> None:
    decoded = decode_images(folder, _table(source, preparation), preparation)
    rows = part_images(decoded, preparation)
    splits = {
        part: [[decoded.measured.digests[row].hex() for row in numbers], labels, groups]
        for part, numbers, labels, groups in rows.content()
    }
    fingerprint = digest([dataclasses.astuple(decoded.layout), rows.class_names, splits])
    rows = dataclasses.replace(rows, fingerprint=fingerprint)
    write_folder(folder, rows.to_dict() | decoded.facts)


@dataclasses.dataclass(frozen=True)
class Decoded:
    """A table's images, decoded; ``bad`` says of each row that is not to be used what is wrong with it."""

    table: ImageTable
    layout: Layout
    measured: Measured
    bad: dict[int, str]

    @property
    def facts(self) -> dict[str, Any]:
        """What `PreparedImages` keeps of them."""
        return {"layout": dataclasses.astuple(self.layout), "sums_2NC": self.measured.sums_2NC}


def decode_images(
    folder: Path, table: ImageTable, preparation: ImagePreparation, bad: dict[int, str] | None = None
) -> Decoded:
    """Reads all images once; their pixels are written to the folder where they fit in memory.

    Args:
        folder: of the prepared data.
        table: its rows.
        preparation: how they are read.
        bad: rows that are not to be used for other reasons.

    Raises:
        DataError: unreadable images, or several sizes and none to bring them to.
    """
    bad = {} if bad is None else bad
    headers = reading.read_headers(table.records, bad)
    if not any(headers):
        settle_bad(bad, num_rows=len(headers), on_bad="error", examples=table.examples)
    layout, colour_note = reading.choose_layout(
        headers, is_test=table.parts == "test", image_size=preparation.image_size
    )
    in_memory = len(headers) * layout.num_bytes <= preparation.in_memory_gb * 1e9
    file, rule = folder / "pixels.npy" if in_memory else None, preparation.pixel_rule
    measured = measure(table.records, layout, bad, rule=rule, file=file)
    notes = (
        colour_note,
        settle_bad(bad, num_rows=len(headers), on_bad=preparation.on_bad, examples=table.examples),
        note_depth(headers, measured.ranges_N2, bit_depth=rule.bit_depth),
        note_alpha(headers, measured.ranges_N2, background=rule.background),
    )
    table = dataclasses.replace(table, notes=(*table.notes, *filter(None, notes)))
    return Decoded(table, layout, measured, bad)


def part_images(decoded: Decoded, preparation: ImagePreparation) -> PreparedRows:
    """The rows without copies and unreadable ones, their test split fixed, and near-copies across splits noted."""
    rows = part_rows(decoded.table, decoded.measured.digests, preparation, unreadable=list(decoded.bad))
    near_note = note_near_copies(rows, decoded.measured.thumbnails)
    return dataclasses.replace(rows, notes=(*rows.notes, *filter(None, [near_note])))
