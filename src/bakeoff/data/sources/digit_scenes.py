"""Scenes of handwritten digits on photographs and textures, all from scikit-learn.

The 1,797 digits and the two sample photographs of scikit-learn. Digits and the parts of the photographs that are shown
differ between the splits.
"""

from __future__ import annotations

import importlib.metadata
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.sources.scenes import SPLITS, MadeScenes, Stamp, texture

_SHARES = {"train": (0.0, 0.65), "val": (0.65, 0.75), "test": (0.75, 1.0)}
"""Which part of the digits, in a fixed random order, and of the photographs, from the left, is whose."""
_INK_LEVELS = 16
_INKED = 0.4  # of full ink: from there a pixel belongs to the digit
_LARGEST_ANGLE = np.pi / 12
_PHOTOGRAPHS = 0.5  # the share of scenes on a photograph
_LEAST_CONTRAST = 0.35
_DIGITS_SEED = 0


class DigitScenes(MadeScenes):
    """Digits, tinted, scaled and turned, on crops of photographs or on textures.

    The class is the digit, from class 1 for 0 to class 10 for 9. Scenes to validate on and to test on show digits and
    photographs of their own.
    """

    name = "digit_scenes"

    def identity(self) -> dict[str, Any]:
        """The settings, and the version of the package that ships digits and photographs."""
        return super().identity() | {"scikit-learn": importlib.metadata.version("scikit-learn")}

    def background(self, split: str, rng: np.random.Generator) -> NDArray[np.float32]:
        """A crop of a photograph's part, or soft blotches."""
        side, clutter = self.how.image_size, self.how.clutter
        if rng.random() >= _PHOTOGRAPHS:
            return texture(rng, side, clutter=clutter)
        photograph_HWC = self._photographs[split][int(rng.integers(2))]
        step = int(rng.integers(1, 3))
        height, width = photograph_HWC.shape[:2]
        span = min(side * step, height, width)
        top, left = int(rng.integers(height - span + 1)), int(rng.integers(width - span + 1))
        rows = np.linspace(0, span - 1, side).astype(int)
        crop_HWC = photograph_HWC[top + rows[:, None], left + rows[None, :]]
        mean_3 = crop_HWC.mean(axis=(0, 1))
        return np.clip(mean_3 + 2 * clutter * (crop_HWC - mean_3), 0, 1)

    def stamp(self, split: str, rng: np.random.Generator, size: int) -> Stamp:
        """A digit of this split."""
        images, classes = self._digits[split]
        row = int(rng.integers(len(classes)))
        ink_HW = _enlarged(images[row], size, rng.uniform(-_LARGEST_ANGLE, _LARGEST_ANGLE))
        tint_3 = rng.uniform(0, 1, 3)
        tint_3 = np.where(tint_3 > 0.5, 1 - (1 - tint_3) * _LEAST_CONTRAST, tint_3 * _LEAST_CONTRAST)
        shade_HW1 = (0.75 + 0.25 * ink_HW)[:, :, None]
        colour_HWC = (tint_3 * shade_HW1).astype(np.float32)
        return Stamp(int(classes[row]) + 1, ink_HW >= _INKED, colour_HWC, f"{classes[row]}")

    @cached_property
    def _digits(self) -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Ink in [0, 1], ``(N, 8, 8)``, and classes of each split."""
        from sklearn.datasets import load_digits  # costs a second, and prepared data does without

        digits = load_digits()
        order = np.random.default_rng(_DIGITS_SEED).permutation(len(digits.target))
        own = {split: order[_part(split, len(order))] for split in SPLITS}
        return {
            split: ((digits.images[rows] / _INK_LEVELS).astype(np.float32), digits.target[rows])
            for split, rows in own.items()
        }

    @cached_property
    def _photographs(self) -> dict[str, list[NDArray[np.float32]]]:
        """Each split's part of both photographs, in [0, 1]."""
        from sklearn.datasets import load_sample_images

        whole = [image.astype(np.float32) / np.float32(255) for image in load_sample_images().images]
        return {split: [image[:, _part(split, image.shape[1])] for image in whole] for split in SPLITS}


def _part(split: str, count: int) -> slice:
    start, end = _SHARES[split]
    return slice(round(start * count), round(end * count))


def _enlarged(ink_HW: NDArray[np.float32], size: int, angle: float) -> NDArray[np.float32]:
    """The digit, turned by an angle (radians) and drawn at ``size`` pixels a side, bilinearly."""
    side = len(ink_HW)
    ticks = (np.arange(size) + 0.5) * (side / size) - side / 2
    x, y = ticks[None, :], ticks[:, None]
    across = x * np.cos(angle) + y * np.sin(angle) + (side - 1) / 2 + 1
    down = y * np.cos(angle) - x * np.sin(angle) + (side - 1) / 2 + 1
    padded = np.pad(ink_HW, 1)
    across, down = np.clip(across, 0, side + 0.999), np.clip(down, 0, side + 0.999)
    column, row = across.astype(int), down.astype(int)
    right, low = (across - column).astype(np.float32), (down - row).astype(np.float32)
    upper = padded[row, column] * (1 - right) + padded[row, column + 1] * right
    lower = padded[row + 1, column] * (1 - right) + padded[row + 1, column + 1] * right
    blended: NDArray[np.float32] = upper * (1 - low) + lower * low
    return blended
