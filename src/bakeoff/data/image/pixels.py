"""All images of a table: first their headers, to learn the layout, then their pixels, once.

N rows, C channels, H height, W width.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from datasets import Dataset
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from bakeoff.data.cache import require_space
from bakeoff.data.image.decoding import decode
from bakeoff.data.image.near_copies import sampled_rows, thumbnail
from bakeoff.data.image.records import Background, Header, PixelRule, Pixels, Record, UnreadableImage, read_header
from bakeoff.errors import DataError

OnBad: TypeAlias = Literal["error", "skip"]
Result = TypeVar("Result")

_BATCH_ROWS = 512
_TASK_ROWS = 32  # a task a row costs more than decoding a small image
_MOST_BAD = 0.01  # the share of unreadable images that `skip` puts up with


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


def read_headers(records: Dataset, bad: dict[int, str]) -> list[Header | None]:
    """Every image's size and channels; unreadable ones are None and their reason is put into ``bad``."""
    return list(_each(records, read_header, bad))


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

    for row, pixels_CHW in enumerate(_each(records, pixels_of, bad)):
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


def note_depth(headers: list[Header | None], ranges_N2: NDArray[np.uint8], *, bit_depth: int) -> str | None:
    """A sentence for the report if 16-bit images lose gray levels, since they use only the lower of their bits.

    Raises:
        DataError: they use so few that all are black.
    """
    deep = [row for row, header in enumerate(headers) if header and header.bits > 8]
    brightest = int(ranges_N2[deep, 1].max(initial=0))
    used = bit_depth - 8 + brightest.bit_length()
    if not deep or used >= bit_depth:
        return None
    if not brightest:
        problem = f"all {len(deep):,} images of 16 bits are black: they use {used} bits at the most"
        raise DataError("data.no_contrast", "data.bit_depth", bit_depth, problem, next_step=f"data.bit_depth={used}")
    levels = f"they keep {brightest + 1} of 256 gray levels; data.bit_depth={used} keeps all"
    return f"{len(deep):,} images of 16 bits use {used} bits: {levels}."


def note_alpha(headers: list[Header | None], ranges_N2: NDArray[np.uint8], *, background: Background) -> str | None:
    """A sentence for the report on images with transparent pixels.

    Raises:
        DataError: most of them show nothing before this background.
    """
    rows = [row for row, header in enumerate(headers) if header and header.has_alpha]
    if not rows:
        return None
    num_plain = int((ranges_N2[rows, 0] == ranges_N2[rows, 1]).sum())
    if num_plain > len(rows) / 2:
        problem = f"{num_plain:,} of {len(rows):,} images with an alpha channel show nothing before this background"
        other = "black" if background != "black" else "white"
        next_step = f"data.background={other}"
        raise DataError("data.no_contrast", "data.background", background, problem, next_step=next_step)
    were = "has an alpha channel and was" if len(rows) == 1 else "have an alpha channel and were"
    return f"{len(rows):,} of {len(headers):,} images {were} put before a {background} background (data.background)."


def settle_bad(bad: dict[int, str], *, num_rows: int, on_bad: OnBad, examples: list[str]) -> str | None:
    """A sentence for the report on the unreadable images that are skipped, None if there are none.

    Raises:
        DataError: unreadable images under ``on_bad=error``, or more than 1 % of all.
    """
    if not bad:
        return None
    shown = "; ".join(f"{examples[row]}: {bad[row]}" for row in sorted(bad)[:3])
    if on_bad == "skip" and len(bad) <= _MOST_BAD * num_rows:
        return f"{len(bad):,} of {num_rows:,} images cannot be read and were skipped ({shown})."
    limit = "" if on_bad == "error" else f", more than the {_MOST_BAD:.0%} that may be skipped"
    raise DataError(
        "data.corrupt_image",
        "data.on_bad",
        on_bad,
        f"{len(bad):,} of {num_rows:,} images cannot be read{limit} ({shown})",
        allowed="error, skip",
        next_step="repair or remove them" + (f", or data.on_bad=skip (at most {_MOST_BAD:.0%})" if not limit else ""),
    )


def _each(records: Dataset, read: Callable[[Record], Result], bad: dict[int, str]) -> Iterator[Result | None]:
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
