"""The headers of all images of a table: the layout that they have in common, and which cannot be read.

N rows, C channels, H height, W width.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from bakeoff.data.image.records import Header, Record, UnreadableImage, read_header
from bakeoff.errors import ConfigError, DataError

Result = TypeVar("Result")

_BATCH_ROWS = 512
_TASK_ROWS = 32  # a task a row costs more than decoding a small image


@dataclasses.dataclass(frozen=True)
class Layout:
    """The shape every image is brought to."""

    channels: int
    height: int
    width: int

    @property
    def num_bytes(self) -> int:
        """Bytes of one decoded image."""
        return self.channels * self.height * self.width


def read_headers(records: Dataset, bad: dict[int, str]) -> list[Header | None]:
    """Every image's size and channels; unreadable ones are None and their reason is put into ``bad``."""
    return list(each_record(records, read_header, bad))


def choose_layout(
    headers: list[Header | None], *, is_test: NDArray[np.bool_], image_size: tuple[int, int] | None
) -> tuple[Layout, str | None]:
    """The common shape, and a sentence for the report if images had to be converted.

    RGB as soon as one image outside of the test split is in colour, else gray; the native size if it is uniform.

    Raises:
        DataError: sizes differ and no ``image_size`` says what to resize to.
    """
    seen = [header for header in headers if header]
    deciding = [header.channels for header, test in zip(headers, is_test, strict=True) if header and not test]
    channels = max(deciding, default=1)
    converted = sum(header.channels != channels for header in seen)
    kinds = "gray and were converted to RGB" if channels == 3 else "in colour and were converted to gray"
    note = f"{converted:,} of {len(seen):,} images are {kinds}." if converted else None
    if image_size:
        return Layout(channels, *image_size), note
    sizes = collections.Counter((header.height, header.width) for header in seen)
    if len(sizes) > 1:
        _refuse_mixed_sizes(sizes)
    return Layout(channels, *next(iter(sizes), (0, 0))), note


def height_and_width(image_size: int | Sequence[int] | None) -> tuple[int, int] | None:
    """Two sides of what may be given as one.

    Raises:
        ConfigError: it is no size.
    """
    if image_size is None:
        return None
    sides = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(sides) != 2 or any(not isinstance(side, int) or side < 1 for side in sides):
        allowed = "null, a number of pixels, or [HEIGHT,WIDTH]"
        raise ConfigError("config.out_of_range", "data.image_size", image_size, "is no image size", allowed=allowed)
    return sides[0], sides[1]


def each_record(records: Dataset, read: Callable[[Record], Result], bad: dict[int, str]) -> Iterator[Result | None]:
    """``read`` of every record in order, over threads (decoding lets go of the interpreter's lock)."""

    def attempt(first_row: int, batch: list[Record]) -> list[Result | None]:
        results: list[Result | None] = []
        for row, record in enumerate(batch, first_row):
            try:
                results.append(None if row in bad else read(record))
            except UnreadableImage as error:
                bad[row] = str(error)
                results.append(None)
        return results

    with concurrent.futures.ThreadPoolExecutor() as pool:
        for start in range(0, len(records), _BATCH_ROWS):
            batch = records[start : start + _BATCH_ROWS]["image"]
            firsts = range(0, len(batch), _TASK_ROWS)
            tasks = [pool.submit(attempt, start + first, batch[first : first + _TASK_ROWS]) for first in firsts]
            for task in tasks:
                yield from task.result()


def _refuse_mixed_sizes(sizes: collections.Counter[tuple[int, int]]) -> None:
    (height, width), count = sizes.most_common(1)[0]
    smallest, largest = min(sizes), max(sizes)
    raise DataError(
        "data.mixed_sizes",
        "data.image_size",
        "null",
        f"images have {len(sizes):,} sizes (height x width, from {smallest[0]}x{smallest[1]} to "
        f"{largest[0]}x{largest[1]}, most often {height}x{width}: {count:,})",
        allowed="a number of pixels, or [HEIGHT,WIDTH]",
        next_step=f"data.image_size={max(height, width)}",
    )
