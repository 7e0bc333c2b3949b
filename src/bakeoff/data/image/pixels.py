"""The pixels of all images of a table, read once.

N rows, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
from datasets import Dataset
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from bakeoff.data.cache import require_space
from bakeoff.data.image.decoding import decode
from bakeoff.data.image.headers import Layout, each_record
from bakeoff.data.image.near_copies import sampled_rows, thumbnail
from bakeoff.data.image.records import PixelRule, Pixels, Record


@dataclasses.dataclass(frozen=True)
class Measured:
    """What one pass over the pixels leaves: a hash a row, and sums from which means and deviations are made.

    ``sums_2NC`` holds each row's sum and sum of squares of its pixels (0 to 255), a channel, and ``ranges_N2`` the
    least and the greatest of them. ``thumbnails`` are those of `bakeoff.data.image.near_copies`, by row, of some rows.
    """

    digests: list[bytes]
    sums_2NC: NDArray[np.int64]
    ranges_N2: NDArray[np.uint8]
    thumbnails: dict[int, NDArray[np.float32]]


def measure(records: Dataset, layout: Layout, bad: dict[int, str], *, rule: PixelRule, file: Path | None) -> Measured:
    """Decode every image once: hash it, sum it and, given a ``file``, keep it there as uint8 ``(N, C, H, W)``."""
    num_rows = len(records)
    if file:
        require_space(num_rows * layout.num_bytes)
        shape = (num_rows, layout.channels, layout.height, layout.width)
        kept_NCHW = open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
    digests, sums_2NC = [b""] * num_rows, np.zeros((2, num_rows, layout.channels), dtype=np.int64)
    ranges_N2 = np.zeros((num_rows, 2), dtype=np.uint8)
    looked_at, thumbnails = set(sampled_rows(num_rows).tolist()), {}

    def pixels_of(record: Record) -> Pixels:
        return decode(record, channels=layout.channels, size=(layout.height, layout.width), rule=rule)

    for row, pixels_CHW in enumerate(each_record(records, pixels_of, bad)):
        if pixels_CHW is None:
            continue
        digests[row] = hashlib.blake2b(pixels_CHW.data, digest_size=16).digest()
        wide = pixels_CHW.astype(np.int64)
        sums_2NC[:, row] = wide.sum(axis=(1, 2)), (wide * wide).sum(axis=(1, 2))
        ranges_N2[row] = pixels_CHW.min(), pixels_CHW.max()
        if row in looked_at:
            thumbnails[row] = thumbnail(pixels_CHW)
        if file:
            kept_NCHW[row] = pixels_CHW
    return Measured(digests, sums_2NC, ranges_N2, thumbnails)
