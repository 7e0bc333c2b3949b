"""One stored image in, one uint8 array out, of its own size.

C channels, H height, W width. A record is what a dataset stores for an image: encoded bytes or a path (the hub's
``Image`` feature, undecoded), or an array of pixels.

An image becomes gray (1 channel) or RGB (3). What is transparent shows the background, 16-bit gray is scaled to 8 bits,
palettes and CMYK become RGB, and a camera's orientation tag is applied.
"""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps

from bakeoff.data.image.fitting import Fit

Pixels: TypeAlias = NDArray[np.uint8]
Background: TypeAlias = Literal["white", "gray", "black"]
Record: TypeAlias = "dict[str, object] | NDArray[np.generic] | list"

_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N"})
_UNSCALED_MODES = frozenset({"I", "F"})  # 32 bits a pixel, of no agreed range
_OTHER_FORMATS = frozenset({".heic", ".heif", ".dcm", ".svg", ".dng", ".cr2", ".nef", ".arw"})
_LARGEST_OF_16_BITS = 65535
_SIDEWAYS = frozenset({5, 6, 7, 8})  # the EXIF orientations that swap height and width


class UnreadableImage(ValueError):
    """A record that cannot be turned into pixels; the message says why."""


@dataclasses.dataclass(frozen=True)
class PixelRule:
    """How stored values become uint8, where their format leaves it open.

    Args:
        bit_depth: bits that gray pixels of 16-bit files make use of; their largest value becomes 255.
        background: what shows through transparent pixels.
        fit: how an image comes to a size of another shape.
        max_megapixels: of files; larger images are not decoded, which takes some ten bytes a pixel.
    """

    bit_depth: int = 16
    background: Background = "white"
    fit: Fit = "stretch"
    max_megapixels: float = 64.0


@dataclasses.dataclass(frozen=True)
class Header:
    """What an image's header says, without decoding its pixels; ``bits`` a channel, as they are stored."""

    height: int
    width: int
    channels: int
    bits: int = 8
    has_alpha: bool = False


def read_header(record: Record) -> Header:
    """The size and the channels (1 or 3) an image will have once decoded.

    Raises:
        UnreadableImage: no image, an unknown format, or pixels of no agreed range.
    """
    if not isinstance(record, dict):
        array_HWC = _channels_last(np.asarray(record))
        height, width, channels = array_HWC.shape
        return Header(height, width, 1 if channels == 1 else 3, has_alpha=channels == 4)
    with _open(record) as image:
        width, height = image.size[::-1] if _orientation(image) in _SIDEWAYS else image.size
        channels = 1 if image.mode in _GRAY_MODES or _is_deep(image) else 3
        return Header(height, width, channels, 16 if _is_deep(image) else 8, image.has_transparency_data)


def read_pixels(record: Record, *, channels: int, rule: PixelRule) -> Pixels:
    """The image as uint8 ``(H, W, channels)``.

    Raises:
        UnreadableImage: the record is missing, truncated, too large or not an image, or its values exceed
            ``bit_depth``.
    """
    if not isinstance(record, dict):
        return _with_channels(_image_of(_channels_last(np.asarray(record))), channels, rule)
    with _open(record) as opened:
        _check_size(opened, rule)
        try:
            image = ImageOps.exif_transpose(opened) if _orientation(opened) > 1 else opened
            deep = _is_deep(opened)
            return _with_channels(_scaled(image, _bit_depth(opened, rule)) if deep else image, channels, rule)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise UnreadableImage(_reason(error)) from error


def _open(record: dict[str, object]) -> ImageFile.ImageFile:
    encoded, path = record.get("bytes"), record.get("path")
    try:
        if isinstance(encoded, bytes):
            image = Image.open(io.BytesIO(encoded))
        elif isinstance(path, str):
            image = Image.open(path)
        else:
            raise UnreadableImage("there is no image in this row")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImage(_reason(error, path)) from error
    if image.mode in _UNSCALED_MODES and not _is_deep(image):
        raise UnreadableImage(f"32-bit or signed pixels (mode {image.mode}) have no agreed range; store 8 or 16 bits")
    return image


def _check_size(image: Image.Image, rule: PixelRule) -> None:
    """By the header, before memory is taken."""
    if image.width * image.height > 1e6 * rule.max_megapixels:
        size = f"{image.width} x {image.height} pixels are more than {rule.max_megapixels:g} million"
        raise UnreadableImage(f"{size}: make it smaller, or raise data.max_megapixels")


def _is_deep(image: Image.Image) -> bool:
    """Whether it is gray of 16 bits; those of PGM files come as 32, of which 16 are used."""
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")


def _bit_depth(image: ImageFile.ImageFile, rule: PixelRule) -> int:
    """A PGM file tells its largest value, by which Pillow scales to 16 bits what is less than that of 16."""
    arguments = image.tile[0].args if image.format == "PPM" else None
    told = isinstance(arguments, tuple) and arguments[-1] != _LARGEST_OF_16_BITS
    return 16 if told else rule.bit_depth


def _scaled(image: Image.Image, bit_depth: int) -> Image.Image:
    values, largest = np.asarray(image).astype(np.uint32), 2**bit_depth - 1
    if values.max(initial=0) > largest:
        raise UnreadableImage(f"a pixel of {values.max()} is more than {bit_depth} bits hold (data.bit_depth)")
    return Image.fromarray((values * 255 // largest).astype(np.uint8))


def _with_channels(image: Image.Image, channels: int, rule: PixelRule) -> Pixels:
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, rule.background)
        opaque.alpha_composite(image.convert("RGBA"))
        image = opaque
    pixels = np.array(image.convert("L" if channels == 1 else "RGB"))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 for upright; a PNG's counts only before the pixels, as to look further decodes them."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (ValueError, TypeError, SyntaxError, OSError):  # a broken tag is no tag
        return 1


def _image_of(array_HWC: NDArray[np.generic]) -> Image.Image:
    if array_HWC.min() < 0 or array_HWC.max() > 255 or not np.issubdtype(array_HWC.dtype, np.integer):
        raise UnreadableImage(f"pixels must be whole numbers from 0 to 255, got {array_HWC.dtype} outside of that")
    return Image.fromarray(
        array_HWC.astype(np.uint8).squeeze(axis=2) if array_HWC.shape[2] == 1 else array_HWC.astype(np.uint8)
    )


def _channels_last(array: NDArray[np.generic]) -> NDArray[np.generic]:
    if array.ndim == 2 and array.size:
        return array[:, :, None]
    if array.ndim == 3 and array.size and array.shape[2] in (1, 3, 4):
        return array
    if array.ndim == 3 and array.size and array.shape[0] in (1, 3, 4):
        return array.transpose(1, 2, 0)
    raise UnreadableImage(f"an array of shape {array.shape} is not an image: expected (H, W), (H, W, C) or (C, H, W)")


def _reason(error: Exception, path: object = None) -> str:
    ending = Path(path).suffix.lower() if isinstance(path, str) else ""
    if ending in _OTHER_FORMATS and isinstance(error, Image.UnidentifiedImageError):
        return f"{ending} is a format that is not read here: convert it to JPEG or PNG"
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image, or of an unknown format"
    return str(error) or type(error).__name__
