"""Test images and heat maps as PNG data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

_LARGEST_PX = 96


def picture_uri(image_HWC: np.ndarray) -> str:
    """A test image as a PNG data URI, at most 96 px a side; small ones keep their pixels and the page scales them.

    Args:
        image_HWC: uint8, with 1, 3 or 4 channels; of any other number the first is shown. (H, W) is taken for grey.
    """
    pixels = np.asarray(image_HWC, dtype=np.uint8)
    if pixels.ndim == 3 and pixels.shape[-1] not in (3, 4):
        pixels = pixels[..., 0]
    image = Image.fromarray(pixels)
    image.thumbnail((_LARGEST_PX, _LARGEST_PX), Image.Resampling.LANCZOS)
    return _png_uri(image)


def heat_uri(shares: np.ndarray, *, colour: tuple[int, int, int]) -> str:
    """A matrix of shares in [0, 1] as a picture in one colour, transparent where it is zero: right on light and dark.

    Opacity grows with the square root, so that rare confusions can be seen beside a full diagonal.
    """
    opacity = np.sqrt(np.clip(np.nan_to_num(shares), 0, 1)) * 255
    colours = np.broadcast_to(np.array(colour, dtype=np.uint8), (*shares.shape, 3))
    pixels = np.concatenate([colours, np.rint(opacity)[..., None].astype(np.uint8)], axis=-1)
    return _png_uri(Image.fromarray(pixels, mode="RGBA"))


def _png_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
