"""Test images, heat maps, masks and spectrograms as PNG data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image, ImageColor

from bakeoff.report.palette import overlay

_LARGEST_PX = 96
_OVERLAY_OPACITY = 140
_SPECTRUM_COLOUR = (140, 95, 180)


def picture_uri(image_HWC: np.ndarray, *, largest_px: int = _LARGEST_PX) -> str:
    """A test image as a PNG data URI; small ones keep their pixels and the page scales them.

    Args:
        image_HWC: uint8, with 1, 3 or 4 channels; of any other number the first is shown. (H, W) is taken for grey.
        largest_px: Longest side.
    """
    pixels = np.asarray(image_HWC, dtype=np.uint8)
    if pixels.ndim == 3 and pixels.shape[-1] not in (3, 4):
        pixels = pixels[..., 0]
    image = Image.fromarray(pixels)
    image.thumbnail((largest_px, largest_px), Image.Resampling.LANCZOS)
    return _png_uri(image)


def heat_uri(shares: np.ndarray, *, colour: tuple[int, int, int]) -> str:
    """A matrix of shares in [0, 1] as a picture in one colour, transparent where it is zero: right on light and dark.

    Opacity grows with the square root, so that rare confusions can be seen beside a full diagonal.
    """
    opacity = np.sqrt(np.clip(np.nan_to_num(shares), 0, 1)) * 255
    colours = np.broadcast_to(np.array(colour, dtype=np.uint8), (*shares.shape, 3))
    pixels = np.concatenate([colours, np.rint(opacity)[..., None].astype(np.uint8)], axis=-1)
    return _png_uri(Image.fromarray(pixels, mode="RGBA"))


def mask_uri(mask_HW: np.ndarray, *, largest_px: int) -> str:
    """Class numbers as half-transparent colours to be laid over the picture; 0 is left out."""
    numbers = np.unique(mask_HW)
    colours = np.zeros((len(numbers), 4), dtype=np.uint8)
    for place, number in enumerate(numbers.tolist()):
        colours[place] = (*ImageColor.getrgb(overlay(number - 1)), _OVERLAY_OPACITY if number else 0)
    image = Image.fromarray(colours[np.searchsorted(numbers, mask_HW)], mode="RGBA")
    image.thumbnail((largest_px, largest_px), Image.Resampling.NEAREST)
    return _png_uri(image)


def spectrum_uri(mel_MT: np.ndarray) -> str:
    """A mel spectrogram, low bands at the bottom: the stronger, the more opaque; right on light and dark."""
    bands = np.nan_to_num(mel_MT[::-1].astype(np.float64))
    span = float(np.ptp(bands)) or 1.0
    return heat_uri(((bands - bands.min()) / span) ** 2, colour=_SPECTRUM_COLOUR)


def _png_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
