"""What stands in the pixels of a mask, and which class it means.

H height, W width, V values.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from bakeoff.data.image.records import Record, UnreadableImage
from bakeoff.errors import ConfigError, DataError
from bakeoff.ranges import WholeNumber

IGNORED = 255
"""Stands in prepared masks where a pixel does not count."""
MOST_CLASSES = 255

Values: TypeAlias = NDArray[np.int64]
"""Stored numbers, or colours as 0xRRGGBB, of shape ``(H, W)``."""
Classes: TypeAlias = "Sequence[str] | Mapping[str, int | str]"

_LOSSY = frozenset({"JPEG", "MPO"})
_MOST_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class MaskRule:
    """Which value means which class.

    Args:
        classes: names, of the values 0, 1, 2 and so on; or a mapping from each name to its value or its colour,
            ``{road: "#804080", sky: "#4682b4"}``; null: each value that occurs is a class, called by its number.
        ignore: the value or the colour of pixels that do not count; null: all count.

    Raises:
        ConfigError: no classes, some twice, or both values and colours.
    """

    classes: Classes | None = None
    ignore: WholeNumber | str | None = IGNORED

    def __post_init__(self) -> None:
        if self.classes is None:
            return
        named = self._named
        problem = ""
        if not 2 <= len(named) <= MOST_CLASSES:
            problem = f"must be 2 to {MOST_CLASSES} classes; these are {len(named)}"
        elif len(set(named.values())) < len(named) or len(named) < len(self.classes):
            problem = "a name or a value stands there twice"
        elif self.by_colour and not all(isinstance(value, str) for value in named.values()):
            problem = "some are given as colours and some as values"
        if problem:
            allowed = "[background,cat], {background: 0, cat: 7} or {background: '#000000', cat: '#ff0000'}"
            raise ConfigError("config.bad_value", "data.classes", self.classes, problem, allowed=allowed)
        for value in (*named.values(), *([self.ignore] if isinstance(self.ignore, str) else [])):
            _number(value)

    def for_data(self, classes: Mapping[str, int]) -> MaskRule:
        """The same, with the classes that the source knows where none are set."""
        return dataclasses.replace(self, classes=dict(classes)) if self.classes is None and classes else self

    @property
    def by_colour(self) -> bool:
        """Whether masks are read as colours."""
        return any(isinstance(value, str) for value in self._named.values())

    @property
    def ignored(self) -> int | None:
        """The value that does not count; a number that stands for itself says nothing of colours."""
        if self.ignore is None or (self.by_colour and not isinstance(self.ignore, str)):
            return None
        return _number(self.ignore)

    @property
    def _named(self) -> dict[str, int | str]:
        if isinstance(self.classes, Mapping):
            return {str(name): value for name, value in self.classes.items()}
        return {str(name): index for index, name in enumerate(self.classes or ())}

    def classes_of(self, found: Mapping[int, str]) -> dict[str, int]:
        """The value of each class.

        Args:
            found: each value that occurs in some mask, with the name of the first such mask.

        Raises:
            DataError: values that are no class, or a single class.
        """
        seen = {value: example for value, example in found.items() if value != self.ignored}
        known = {name: _number(value) for name, value in self._named.items()}
        if self.classes is None:
            known = {str(value): value for value in sorted(seen)}
            self._require_several(known)
        unknown = sorted(seen.keys() - set(known.values()))
        if unknown:
            shown = ", ".join(f"{self._shown(value)} (first in {seen[value]})" for value in unknown[:_MOST_SHOWN])
            more = f" and {len(unknown) - _MOST_SHOWN} more" if len(unknown) > _MOST_SHOWN else ""
            problem = f"masks hold {len(unknown)} values that are no class: {shown}{more}"
            allowed = ", ".join(f"{self._shown(value)} {name}" for name, value in known.items())
            next_step = f"name them, or data.ignore={self._shown(unknown[0])}"
            raise DataError("data.mask_value", "data.classes", None, problem, allowed=allowed, next_step=next_step)
        return known

    def _require_several(self, known: Mapping[str, int]) -> None:
        if len(known) > MOST_CLASSES:
            problem = f"masks hold {len(known):,} different values, and at most {MOST_CLASSES} can be classes"
            raise DataError("data.mask_value", "data.classes", None, problem, next_step="name them: data.classes=[...]")
        if len(known) < 2:
            ignored = "" if self.ignored is None else f", and {self.ignored} is ignored (data.ignore)"
            problem = f"masks hold one value only ({', '.join(known) or 'none'}){ignored}: nothing to tell apart"
            next_step = None if self.ignored is None else "data.ignore=null where that value is a class"
            raise DataError("data.one_class", "data.classes", None, problem, next_step=next_step)

    def _shown(self, value: int) -> str:
        return f"#{value:06x}" if self.by_colour else str(value)

    def read(self, record: Record) -> Values:
        """The values of a mask.

        Raises:
            UnreadableImage: it is missing or broken.
            DataError: it is a JPEG, whose values are not what was drawn, or colours that no table explains.
        """
        if not isinstance(record, dict):
            return np.asarray(record).astype(np.int64)
        encoded, path = record.get("bytes"), record.get("path")
        try:
            with Image.open(io.BytesIO(encoded) if isinstance(encoded, bytes) else str(path)) as image:
                if image.format in _LOSSY:
                    problem = "is a JPEG: its pixels are near to what was drawn, and class numbers must be exact"
                    raise DataError(
                        "data.mask_lossy", "data.columns.mask", path, problem, next_step="draw masks as PNG"
                    )
                return self._values(image, path)
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise UnreadableImage(f"mask {path}: {error}") from error

    def _values(self, image: Image.Image, path: object) -> Values:
        if self.by_colour:
            pixels = np.asarray(image.convert("RGB")).astype(np.int64)
            packed: Values = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
            return packed
        if image.mode in ("RGB", "RGBA", "LA"):
            pixels = np.asarray(image.convert("RGB"))
            if (pixels != pixels[..., :1]).any():
                problem = "is a mask of colours, and nothing says which colour is which class"
                allowed = "{background: '#000000', cat: '#ff0000'}"
                raise DataError("data.mask_colour", "data.classes", path, problem, allowed=allowed)
            return pixels[..., 0].astype(np.int64)
        return np.asarray(image).astype(np.int64)  # indices of a palette, gray of 1, 8 or 16 bits


def numbered(values_HW: Values, classes: Sequence[int], ignored: int | None) -> NDArray[np.uint8]:
    """The class of each pixel by number, `IGNORED` for what does not count; all values are known."""
    order = np.argsort(classes)
    places = np.searchsorted(np.asarray(classes)[order], values_HW)
    numbers_HW = order.astype(np.uint8)[np.minimum(places, len(classes) - 1)]
    return numbers_HW if ignored is None else np.where(values_HW == ignored, np.uint8(IGNORED), numbers_HW)


def _number(value: int | str) -> int:
    """A value as it is, or a colour as 0xRRGGBB.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        red, green, blue = ImageColor.getrgb(str(value))[:3]
    except ValueError as error:
        allowed = "a number, or a colour such as '#ff0000'"
        raise ConfigError(
            "config.bad_value", "data.classes", value, "is no value of a mask", allowed=allowed
        ) from error
    return (red << 16) | (green << 8) | blue
