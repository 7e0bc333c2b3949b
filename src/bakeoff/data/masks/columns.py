"""Which columns hold images and masks."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class MaskColumns:
    """The names of the columns.

    Args:
        image: the column of images; null finds the one called image, img, picture or pixels.
        mask: the column of masks, of the images' own sizes; null finds the one called mask, masks, segmentation or
            annotation.
    """

    image: str | None = None
    mask: str | None = None
