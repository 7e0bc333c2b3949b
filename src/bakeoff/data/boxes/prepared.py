"""Images and boxes as arrays on disk, decoded once.

N rows, M boxes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.boxes.objects import Objects
from bakeoff.data.boxes.rule import BoxRule
from bakeoff.data.boxes.settling import note_on_small, settle
from bakeoff.data.boxes.table import BoxTable, read_table
from bakeoff.data.cache import cached_folder, digest, hash_arrays
from bakeoff.data.image.headers import read_headers
from bakeoff.data.image.prepared import ImagePreparation, PreparedImages, decode_images, part_images
from bakeoff.data.prepared import write_folder
from bakeoff.data.sources.source import Source


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoxPreparation(ImagePreparation):
    """How the source becomes arrays.

    Args:
        boxes: what the numbers of boxes and categories mean.
    """

    boxes: BoxRule


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedBoxes(PreparedImages):
    """The arrays of a prepared folder.

    ``sizes_N2`` are height and width of each image as it came, ``names`` those of the classes; the others are those of
    `Objects`.
    """

    counts_N: NDArray[np.int64]
    boxes_M4: NDArray[np.float64]
    classes_M: NDArray[np.int64]
    crowd_M: NDArray[np.bool_]
    areas_M: NDArray[np.float64]
    sizes_N2: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def objects(self) -> Objects:
        """The boxes of all rows."""
        return Objects(self.counts_N, self.boxes_M4, self.classes_M, self.crowd_M, self.areas_M)


def prepare_boxes(source: Source, preparation: BoxPreparation) -> PreparedBoxes:
    """The prepared images and boxes, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    folder = cached_folder("boxes", preparation.key(source), lambda partial: _build(partial, source, preparation))
    return PreparedBoxes.open(folder)


def box_table(source: Source, preparation: BoxPreparation) -> BoxTable:
    """The undecoded rows, in the order of the prepared arrays."""
    return read_table(source.load(), preparation.columns, split=preparation.split)


def _build(folder: Path, source: Source, preparation: BoxPreparation) -> None:
    table, bad = box_table(source, preparation), dict[int, str]()
    headers = read_headers(table.records, bad)
    objects, names, notes = settle(table, headers, preparation.boxes)
    sizes_N2 = np.array([(header.height, header.width) if header else (0, 0) for header in headers])
    small_note = note_on_small(objects, sizes_N2, preparation.image_size, preparation.pixel_rule.fit)
    table = dataclasses.replace(table, notes=(*table.notes, *notes, *filter(None, [small_note])))
    decoded = decode_images(folder, table, preparation, bad)
    rows = part_images(decoded, preparation)
    splits = {
        part: [[decoded.measured.digests[row].hex() + _digest(objects, row) for row in numbers], groups]
        for part, numbers, _, groups in rows.content()
    }
    fingerprint = digest([dataclasses.astuple(decoded.layout), list(names), splits])
    rows = dataclasses.replace(rows, fingerprint=fingerprint)
    own = dataclasses.asdict(objects) | {"sizes_N2": sizes_N2, "names": list(names)}
    write_folder(folder, rows.to_dict() | decoded.facts | own)


def _digest(objects: Objects, row: int) -> str:
    own = objects.of(np.array([row]))
    return hash_arrays(own.boxes_M4, own.classes_M, own.crowd_M, own.areas_M)
