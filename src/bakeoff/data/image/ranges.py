"""What the least and greatest pixels of images tell: lost gray levels, and shapes that the background hides.

N images.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.image.records import Background, Header
from bakeoff.errors import DataError


def note_depth(headers: Sequence[Header | None], ranges_N2: NDArray[np.uint8], *, bit_depth: int) -> str | None:
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


def note_alpha(headers: Sequence[Header | None], ranges_N2: NDArray[np.uint8], *, background: Background) -> str | None:
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
