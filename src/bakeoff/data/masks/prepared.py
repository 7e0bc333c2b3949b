"""Images and masks as pixels on disk, decoded once.

N rows, H height, W width, K classes.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode, functional

from bakeoff.data.cache import cached_folder, digest, require_space
from bakeoff.data.image.fitting import Fit, placements
from bakeoff.data.image.headers import Layout, each_record
from bakeoff.data.image.prepared import ImagePreparation, PreparedImages, decode_images, mapped_array, part_images
from bakeoff.data.image.records import Record
from bakeoff.data.masks.scan import values_found
from bakeoff.data.masks.table import MaskTable, read_table
from bakeoff.data.masks.values import IGNORED, MaskRule, numbered
from bakeoff.data.prepared import write_folder
from bakeoff.data.sources.source import Source


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskPreparation(ImagePreparation):
    """How the source becomes arrays.

    Args:
        masks: which value means which class.
    """

    masks: MaskRule


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedMasks(PreparedImages):
    """The arrays of a prepared folder.

    ``masks_NHW`` is uint8, mapped from disk; ``counts_NK`` are each mask's pixels of each class, and ``names`` those of
    the classes.
    """

    masks_NHW: Tensor
    counts_NK: NDArray[np.int64]
    names: tuple[str, ...]

    @classmethod
    def _mapped(cls, folder: Path) -> dict[str, Any]:
        return super()._mapped(folder) | {"masks_NHW": mapped_array(folder / "masks.npy")}


def prepare_masks(source: Source, preparation: MaskPreparation) -> PreparedMasks:
    """The prepared images and masks, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    folder = cached_folder("masks", preparation.key(source), lambda partial: _build(partial, source, preparation))
    return PreparedMasks.open(folder)


def mask_table(source: Source, preparation: MaskPreparation) -> MaskTable:
    """The undecoded rows, in the order of the prepared arrays."""
    return read_table(source.load(), preparation.columns, split=preparation.split)


def _build(folder: Path, source: Source, preparation: MaskPreparation) -> None:
    table, bad = mask_table(source, preparation), dict[int, str]()
    rule = preparation.masks.for_data(table.classes)
    classes = rule.classes_of(values_found(table, rule, bad))
    decoded = decode_images(folder, table, preparation, bad)
    values, file = list(classes.values()), folder / "masks.npy"
    fit = preparation.pixel_rule.fit
    digests, counts_NK = _write(table, decoded.layout, bad, rule=rule, fit=fit, values=values, file=file)
    rows = part_images(decoded, preparation)
    splits = {
        part: [[(decoded.measured.digests[row] + digests[row]).hex() for row in numbers], groups]
        for part, numbers, _, groups in rows.content()
    }
    fingerprint = digest([dataclasses.astuple(decoded.layout), list(classes), splits])
    rows = dataclasses.replace(rows, fingerprint=fingerprint)
    write_folder(folder, rows.to_dict() | decoded.facts | {"counts_NK": counts_NK, "names": list(classes)})


def _write(
    table: MaskTable,
    layout: Layout,
    bad: dict[int, str],
    *,
    rule: MaskRule,
    fit: Fit,
    values: list[int],
    file: Path,
) -> tuple[list[bytes], NDArray[np.int64]]:
    """Puts the class of each pixel in a file, ``(N, H, W)``; a hash and the counts of each mask."""
    num_rows, size = len(table.masks), (layout.height, layout.width)
    require_space(num_rows * layout.height * layout.width)
    masks_NHW = open_memmap(file, mode="w+", dtype=np.uint8, shape=(num_rows, *size))
    digests, counts_NK = [b""] * num_rows, np.zeros((num_rows, len(values)), dtype=np.int64)

    def classes_of(record: Record) -> NDArray[np.uint8]:
        return _resized(numbered(rule.read(record), values, rule.ignored), size, fit)

    for row, mask_HW in enumerate(each_record(table.masks, classes_of, bad)):
        if mask_HW is not None:
            masks_NHW[row] = mask_HW
            digests[row] = hashlib.blake2b(mask_HW.tobytes(), digest_size=16).digest()
            counts_NK[row] = np.bincount(mask_HW[mask_HW != IGNORED], minlength=len(values))
    return digests, counts_NK


def _resized(mask_HW: NDArray[np.uint8], size: tuple[int, int], fit: Fit) -> NDArray[np.uint8]:
    """The mask at another size; each pixel takes the class of the nearest one, and what is filled up does not count."""
    if mask_HW.shape == size:
        return mask_HW
    height, width, top, left = placements(np.array([mask_HW.shape]), size, fit)[0].tolist()
    filled_HW = np.full(size, IGNORED, dtype=np.uint8)
    mask_1HW = torch.from_numpy(np.ascontiguousarray(mask_HW))[None]
    resized_HW = functional.resize(mask_1HW, [height, width], InterpolationMode.NEAREST_EXACT)[0].numpy()
    filled_HW[top : top + height, left : left + width] = resized_HW
    return filled_HW
