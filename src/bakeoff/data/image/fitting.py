"""How images of other sizes come to the size that all have, and where what is in them goes.

N images, H height, W width.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Fit: TypeAlias = Literal["stretch", "letterbox"]
"""Each side on its own, or both alike and the rest filled up: on both sides equally, or one pixel more on the last."""
LETTERBOX_GRAY = 114
"""What fills the rest of a picture, as in YOLOv5."""


def placements(sizes_N2: NDArray[np.int64], size: tuple[int, int], fit: Fit) -> NDArray[np.int64]:
    """Where images go in one of ``size``: height and width that they are drawn at, and their top and left, ``(N, 4)``.

    Args:
        sizes_N2: their own heights and widths.
        size: height and width of all.
        fit: how they come to it.
    """
    all_2 = np.array(size, dtype=np.int64)
    if fit == "stretch":
        drawn_N2 = np.broadcast_to(all_2, np.shape(sizes_N2))
    else:
        scale_N = (all_2 / np.maximum(sizes_N2, 1)).min(axis=1)
        drawn_N2 = np.clip(np.rint(sizes_N2 * scale_N[:, None]).astype(np.int64), 1, all_2)
    return np.concatenate([drawn_N2, (all_2 - drawn_N2) // 2], axis=1)


def scales_and_offsets(sizes_N2: NDArray[np.int64], size: tuple[int, int], fit: Fit) -> NDArray[np.float64]:
    """What a place of an image is multiplied by and then moved by, ``(N, 4)``: across, down; across, down."""
    placed_N4 = placements(sizes_N2, size, fit)
    scales_N2 = placed_N4[:, :2] / np.maximum(sizes_N2, 1)
    return np.concatenate([scales_N2[:, ::-1], placed_N4[:, :1:-1]], axis=1)
