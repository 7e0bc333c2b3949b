"""Test images, heat maps, masks and spectrograms as PNG data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from bakeoff.report.palette import overlay

_LARGEST_PX = 96
_OVERLAY_OPACITY = 140
_SPECTRUM_COLOUR = (140, 95, 180)
_TRACE_COLOUR = (128, 128, 128)
_TRACE_SIZE_PX = (96, 64)
_TRACE_FINER = 4


def picture_uri(image_HWC: np.ndarray, *, largest_px: int = _LARGEST_PX) -> str:
    """A test image as a PNG data URI; small ones keep their pixels and the page scales them, signals become lines.

    Args:
        image_HWC: uint8, with 1, 3 or 4 channels; of any other number the first is shown. (H, W) is taken for grey.
        largest_px: Longest side.
    """
    pixels = np.asarray(image_HWC, dtype=np.uint8)
    if pixels.ndim == 3 and pixels.shape[-1] not in (3, 4):
        pixels = pixels[..., 0]
    if is_signal(pixels):
        return _trace_uri(pixels.reshape(-1))
    image = Image.fromarray(pixels)
    image.thumbnail((largest_px, largest_px), Image.Resampling.LANCZOS)
    return _png_uri(image)


def is_signal(pixels: np.ndarray) -> bool:
    """Whether an image (H, W) or (H, W, C) is one column of grey values: a signal over time, not a picture."""
    return pixels.shape[1] == 1 and pixels.size == pixels.shape[0] > 1


def is_tiny(pixels: np.ndarray, *, below_px: int) -> bool:
    """Whether the page should show an image's own pixels when it enlarges it; the line of a signal has none."""
    return not is_signal(pixels) and max(pixels.shape) < below_px


def heat_uri(shares: np.ndarray, *, colour: tuple[int, int, int]) -> str:
    """A matrix of shares in [0, 1] as a picture in one colour, transparent where it is zero: right on light and dark.

    Opacity grows with the square root, so that rare confusions can be seen beside a full diagonal.
    """
    return _png_uri(Image.fromarray(_heat(shares, colour), mode="RGBA"))


def _heat(shares: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    opacity = np.sqrt(np.clip(np.nan_to_num(shares), 0, 1)) * 255
    colours = np.broadcast_to(np.array(colour, dtype=np.uint8), (*shares.shape, 3))
    return np.concatenate([colours, np.rint(opacity)[..., None].astype(np.uint8)], axis=-1)


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
    return _png_uri(Image.fromarray(spectrum_pixels(mel_MT), mode="RGBA"))


def spectrum_pixels(mel_MT: np.ndarray) -> np.ndarray:
    """The same as pixels, ``(M, T, 4)``, uint8."""
    bands = np.nan_to_num(mel_MT[::-1].astype(np.float64))
    span = float(np.ptp(bands)) or 1.0
    return _heat(((bands - bands.min()) / span) ** 2, _SPECTRUM_COLOUR)


def _trace_uri(values_T: np.ndarray) -> str:
    """A signal as a line from left to right, the least value at the bottom; right on light and dark."""
    width, height = (_TRACE_FINER * side for side in _TRACE_SIZE_PX)
    image = Image.new("RGBA", (width, height), (*_TRACE_COLOUR, 0))
    span = float(np.ptp(values_T)) or 1.0
    across = np.linspace(_TRACE_FINER, width - _TRACE_FINER, len(values_T))
    up = (values_T - values_T.min()) / span * (height - 4 * _TRACE_FINER) + 2 * _TRACE_FINER
    points = np.stack([across, height - up], axis=1).ravel().tolist()
    ImageDraw.Draw(image).line(points, fill=(*_TRACE_COLOUR, 255), width=2 * _TRACE_FINER, joint="curve")
    return _png_uri(image.resize(_TRACE_SIZE_PX, Image.Resampling.LANCZOS))


def _png_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
