"""Coloured shapes on soft backgrounds: made scenes that need no file, after ShapeWorld and CLEVR.

Kuhnle and Copestake 2017, "ShapeWorld", arXiv:1704.04517; Johnson et al. 2017, "CLEVR", arXiv:1612.06890.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.sources.scenes import MadeScenes, Mask, Stamp, texture
from bakeoff.ranges import Probability

COLOURS = {
    "red": (0.85, 0.15, 0.15),
    "green": (0.15, 0.65, 0.2),
    "blue": (0.2, 0.3, 0.85),
    "yellow": (0.9, 0.8, 0.15),
    "purple": (0.55, 0.2, 0.7),
    "cyan": (0.2, 0.75, 0.8),
    "white": (0.95, 0.95, 0.95),
}
_COLOUR_SPREAD = 0.06
_LARGE = 0.5  # of the range of sizes

Coordinates = NDArray[np.float32]
FORMS: dict[str, Callable[[Coordinates, Coordinates], Mask]] = {
    "circle": lambda x, y: x**2 + y**2 <= 0.8,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) <= 0.68,
    "triangle": lambda x, y: (y <= 0.6) & (y >= 1.9 * abs(x) - 0.95),
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) <= 0.26) & (np.maximum(abs(x), abs(y)) <= 0.88),
    "ring": lambda x, y: (x**2 + y**2 <= 0.85) & (x**2 + y**2 >= 0.25),
}
"""What each shape covers of a square from -1 to 1."""


@dataclasses.dataclass(kw_only=True, eq=False)
class Shapes(MadeScenes):
    """Circles, squares, triangles, crosses and rings, each turned, in one of seven colours.

    The class is the shape; ``captions`` name size, colour and shape, and how two things lie to each other.

    Args:
        turn: the share of a full turn by which things are turned at the most.

    Raises:
        ValueError: ``turn`` is not in [0, 1].
    """

    name = "shapes"

    turn: Probability = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.turn <= 1:
            raise ValueError(f"turn must be in [0, 1]; got {self.turn}")

    def identity(self) -> dict[str, Any]:
        """The rule and its settings."""
        return super().identity() | {"turn": self.turn}

    def background(self, split: str, rng: np.random.Generator) -> NDArray[np.float32]:
        """Soft blotches."""
        return texture(rng, self.how.image_size, clutter=self.how.clutter)

    def kind(self, split: str, rng: np.random.Generator) -> tuple[str, str]:
        """A shape, and its colour."""
        number, colour = int(rng.integers(len(FORMS))), int(rng.integers(len(COLOURS)))
        return list(FORMS)[number], list(COLOURS)[colour]

    def stamp(self, split: str, rng: np.random.Generator, size: int) -> Stamp:
        """A shape of one colour."""
        form, hue = self.kind(split, rng)
        cover_HW = FORMS[form](*_turned(size, rng.uniform(0, 2 * np.pi * self.turn)))
        tint_3 = np.array(COLOURS[hue]) + rng.normal(0, _COLOUR_SPREAD, 3)
        colour_HWC = np.broadcast_to(tint_3.astype(np.float32), (size, size, 3))
        least, greatest = self.how.scale
        is_large = size / self.how.image_size > least + _LARGE * (greatest - least)
        words = f"{'large' if is_large else 'small'} {hue} {form}"
        return Stamp(list(FORMS).index(form) + 1, cover_HW, colour_HWC, words)


def _turned(size: int, angle: float) -> tuple[Coordinates, Coordinates]:
    """Where each pixel's centre lies in a square from -1 to 1 that is turned by an angle (radians)."""
    ticks = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
    x, y = ticks[None, :], ticks[:, None]
    return x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)), y * np.float32(
        np.cos(angle)
    ) - x * np.float32(np.sin(angle))
