"""One stored image in, one uint8 array out.

C channels, H height, W width. A record is what a dataset stores for an image: encoded bytes or a path (the hub's
``Image`` feature, undecoded), or an array of pixels.

An image becomes gray (1 channel) or RGB (3). Transparency is dropped, 16-bit gray is scaled to 8 bits, palettes and
CMYK become RGB, and a camera's orientation tag is applied.
"""

from __future__ import annotations

import dataclasses
import io
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps
from torchvision.transforms.v2 import functional

Pixels: TypeAlias = NDArray[np.uint8]
Record: TypeAlias = "dict[str, object] | NDArray[np.generic] | list"

_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N"})
_UNSCALED_MODES = frozenset({"I", "F"})  # 32 bits a pixel, of no agreed range
_SIDEWAYS = frozenset({5, 6, 7, 8})  # the EXIF orientations that swap height and width


class UnreadableImage(ValueError):
    """A record that cannot be turned into pixels; the message says why."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What an image's header says, without decoding its pixels."""

    height: int
    width: int
    channels: int


def read_header(record: Record) -> Header:
    """The size and the channels (1 or 3) an image will have once decoded.

    Raises:
        UnreadableImage: no image, an unknown format, or pixels of no agreed range.
    """
    if not isinstance(record, dict):
        array_HWC = _channels_last(np.asarray(record))
        height, width, channels = array_HWC.shape
        return Header(height, width, 1 if channels == 1 else 3)
    with _open(record) as image:
        width, height = image.size[::-1] if _orientation(image) in _SIDEWAYS else image.size
        return Header(height, width, 1 if image.mode in _GRAY_MODES else 3)


def decode(record: Record, *, channels: int, size: tuple[int, int]) -> Pixels:
    """The image as uint8 of shape ``(channels, *size)``.

    Another size is reached by torchvision's antialiased bilinear resize, without keeping the aspect ratio.

    Raises:
        UnreadableImage: the record is missing, truncated or not an image.
    """
    pixels_HWC = _decode_file(record, channels) if isinstance(record, dict) else _decode_array(record, channels)
    pixels_CHW = np.ascontiguousarray(pixels_HWC.transpose(2, 0, 1))
    if pixels_CHW.shape[1:] == size:
        return pixels_CHW
    return functional.resize(torch.from_numpy(pixels_CHW), list(size), antialias=True).numpy()


def _open(record: dict[str, object]) -> Image.Image:
    encoded, path = record.get("bytes"), record.get("path")
    try:
        if isinstance(encoded, bytes):
            image = Image.open(io.BytesIO(encoded))
        elif isinstance(path, str):
            image = Image.open(path)
        else:
            raise UnreadableImage("there is no image in this row")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImage(_reason(error)) from error
    if image.mode in _UNSCALED_MODES:
        raise UnreadableImage(f"32-bit pixels (mode {image.mode}) have no agreed range; store 8 or 16 bits")
    return image


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 for upright; a PNG's counts only before the pixels, as to look further decodes them."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (ValueError, TypeError, SyntaxError, OSError):  # a broken tag is no tag
        return 1


def _decode_file(record: dict[str, object], channels: int) -> Pixels:
    with _open(record) as opened:
        try:
            image = ImageOps.exif_transpose(opened) if _orientation(opened) > 1 else opened
            if image.mode.startswith("I;16"):
                image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
            pixels = np.array(image.convert("L" if channels == 1 else "RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise UnreadableImage(_reason(error)) from error
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _decode_array(record: Record, channels: int) -> Pixels:
    array_HWC = _channels_last(np.asarray(record))
    if array_HWC.min() < 0 or array_HWC.max() > 255 or not np.issubdtype(array_HWC.dtype, np.integer):
        raise UnreadableImage(f"pixels must be whole numbers from 0 to 255, got {array_HWC.dtype} outside of that")
    pixels_HWC = array_HWC[:, :, :3].astype(np.uint8)
    if pixels_HWC.shape[2] == channels:
        return pixels_HWC
    if pixels_HWC.shape[2] == 1:
        return np.repeat(pixels_HWC, channels, axis=2)
    return np.array(Image.fromarray(pixels_HWC).convert("L"))[:, :, None]


def _channels_last(array: NDArray[np.generic]) -> NDArray[np.generic]:
    if array.ndim == 2 and array.size:
        return array[:, :, None]
    if array.ndim == 3 and array.size and array.shape[2] in (1, 3, 4):
        return array
    if array.ndim == 3 and array.size and array.shape[0] in (1, 3, 4):
        return array.transpose(1, 2, 0)
    raise UnreadableImage(f"an array of shape {array.shape} is not an image: expected (H, W), (H, W, C) or (C, H, W)")


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image, or of an unknown format"
    return str(error) or type(error).__name__
