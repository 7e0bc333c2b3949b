"""Made scenes: a picture of things, with the mask, the box and the class of each, and what can be said of it.

H height, W width. One scene serves segmentation, detection and captioning: all come out of the same drawing.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from datasets import Array2D, Array3D, Dataset, DatasetDict, Features, List, Value
from numpy.typing import NDArray

from bakeoff.data.checks import require_positive
from bakeoff.data.image.records import Pixels
from bakeoff.data.sources.scene_captions import captions_of
from bakeoff.data.sources.source import Source
from bakeoff.ranges import Count, NotNegative, Positive, Probability, Seed, WholeNumber

BACKGROUND = 0
SPLITS = ("train", "val", "test")
_TRIES = 20
_TEXTURE_CELLS = 4

Mask = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difficulty:
    """How hard scenes are.

    Args:
        image_size: side in pixels.
        objects: fewest and most things a scene.
        scale: least and greatest side of a thing, as a share of the image's.
        gap: the share of sizes, in the middle, that no thing has, so that it is small or large, in [0, 1).
        occlusion: the share of a thing that later ones may hide, in [0, 1).
        noise: deviation of each pixel's noise, as a share of white.
        clutter: contrast of the background, as a share of white.

    Raises:
        ValueError: a number outside of its range.
    """

    image_size: Count
    objects: tuple[WholeNumber, WholeNumber]
    scale: tuple[Positive, Positive]
    occlusion: Probability
    noise: NotNegative
    clutter: NotNegative
    gap: NotNegative = 0.0

    def __post_init__(self) -> None:
        fewest, most = self.objects
        if not 0 <= fewest <= most:
            raise ValueError(f"objects must be the fewest and the most, at least 0; got {list(self.objects)}")
        least, greatest = self.scale
        if not 0 < least <= greatest <= 1:
            raise ValueError(f"scale must be the least and the greatest, above 0 and up to 1; got {list(self.scale)}")
        if not (0 <= self.occlusion < 1 and 0 <= self.gap < 1):
            raise ValueError(f"occlusion and gap must be at least 0 and below 1; got {self.occlusion} and {self.gap}")
        if not (0 <= self.noise <= 1 and 0 <= self.clutter <= 1):
            raise ValueError(f"noise and clutter must be in [0, 1]; got {self.noise} and {self.clutter}")

    def draw_size(self, rng: np.random.Generator) -> int:
        """The side of a thing in pixels."""
        least, greatest = self.scale
        share = (1 - self.gap) * rng.uniform()
        share += self.gap * (share > (1 - self.gap) / 2)
        return min(max(3, round(self.image_size * (least + (greatest - least) * share))), self.image_size)


@dataclasses.dataclass(frozen=True)
class Stamp:
    """A thing before it is placed: its class, what it covers, its colours, and the words for it."""

    number: int
    cover_HW: Mask
    colour_HWC: NDArray[np.float32]
    words: str


@dataclasses.dataclass(frozen=True)
class Scene:
    """A picture, which thing each pixel shows (0 for none, from 1 in the order of drawing), and the things."""

    pixels_HWC: Pixels
    instances_HW: NDArray[np.uint8]
    numbers: tuple[int, ...]
    words: tuple[str, ...]

    @property
    def mask_HW(self) -> NDArray[np.uint8]:
        """The class of each pixel; 0 is the background."""
        return np.array((BACKGROUND, *self.numbers), dtype=np.uint8)[self.instances_HW]

    @property
    def boxes(self) -> list[list[int]]:
        """Of the visible part of each thing: left, top, width and height in pixels, as COCO has them."""
        return [box_of(self.instances_HW == index) for index in range(1, len(self.numbers) + 1)]

    @property
    def captions(self) -> list[str]:
        """What is there and how it lies, in several wordings."""
        return captions_of(self.boxes, self.words)


def box_of(mask_HW: Mask) -> list[int]:
    """Left, top, width and height of what is set; the last row and column count."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    return [int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)]


@dataclasses.dataclass(kw_only=True, eq=False)
class MadeScenes(Source):
    """Scenes that are made by a rule: scene n of a split is the same whatever else is made.

    Args:
        num_train: scenes to train on.
        num_val: scenes to validate on; 0 gives none, and they are taken from train.
        num_test: scenes to test on.
        seed: what all scenes are drawn from.
        how: how hard they are.

    Raises:
        ConfigError: a number of scenes below 1, but for ``num_val``.
    """

    name: ClassVar[str]
    """What the source is called."""
    parts: ClassVar[tuple[str, ...]] = SPLITS
    """What scenes are drawn for."""

    num_train: Count
    num_val: WholeNumber
    num_test: Count
    seed: Seed
    how: Difficulty

    def __post_init__(self) -> None:
        require_positive(num_train=self.num_train, num_test=self.num_test)

    @property
    def _counts(self) -> dict[str, int]:
        return {"train": self.num_train, "val": self.num_val, "test": self.num_test}

    def identity(self) -> dict[str, Any]:
        """The rule and its settings."""
        return {"source": self.name, "seed": self.seed, **self._counts, **dataclasses.asdict(self.how)}

    def load(self) -> DatasetDict:
        """Splits ``train``, ``test`` and, unless ``num_val`` is 0, ``val``."""
        made = {split: [self.scene(split, index) for index in range(n)] for split, n in self._counts.items() if n}
        return DatasetDict({split: as_dataset(scenes) for split, scenes in made.items()})

    def scene(self, split: str, index: int) -> Scene:
        """One scene."""
        rng = np.random.default_rng([self.seed, self.parts.index(split), index])
        count = int(rng.integers(self.how.objects[0], self.how.objects[1] + 1))
        canvas = _Canvas(self.background(split, rng), occlusion=self.how.occlusion)
        for _ in range(count):
            canvas.place(self.stamp(split, rng, self.how.draw_size(rng)), rng)
        return canvas.scene(noise=self.how.noise, rng=rng)

    @abc.abstractmethod
    def background(self, split: str, rng: np.random.Generator) -> NDArray[np.float32]:
        """What is behind all things, ``(H, W, 3)`` in [0, 1]."""

    @abc.abstractmethod
    def stamp(self, split: str, rng: np.random.Generator, size: int) -> Stamp:
        """A thing of ``size`` pixels a side."""


class _Canvas:
    """A picture that things are placed on, each hiding no more of the earlier ones than is allowed."""

    def __init__(self, background_HWC: NDArray[np.float32], *, occlusion: float) -> None:
        self._pixels_HWC = background_HWC.copy()
        self._instances_HW = np.zeros(background_HWC.shape[:2], dtype=np.uint8)
        self._occlusion = occlusion
        self._stamps: list[Stamp] = []
        self._areas = [1]

    def place(self, stamp: Stamp, rng: np.random.Generator) -> None:
        """Draws it where it fits; one that fits nowhere in a few tries is left out."""
        height, width = stamp.cover_HW.shape
        room = (len(self._instances_HW) - height + 1, self._instances_HW[0].size - width + 1)
        for top, left in rng.integers(0, room, size=(_TRIES, 2)).tolist():
            place = (slice(top, top + height), slice(left, left + width))
            if self._may_hide(self._instances_HW[place][stamp.cover_HW]):
                self._stamps.append(stamp)
                self._areas.append(int(stamp.cover_HW.sum()))
                self._instances_HW[place][stamp.cover_HW] = len(self._stamps)
                self._pixels_HWC[place][stamp.cover_HW] = stamp.colour_HWC[stamp.cover_HW]
                return

    def _may_hide(self, hidden: NDArray[np.uint8]) -> bool:
        """Whether all things keep enough of themselves in sight; ``hidden`` are the instances that would be covered."""
        if not hidden.any():
            return True
        seen = np.bincount(self._instances_HW.ravel(), minlength=len(self._areas))
        left = seen - np.bincount(hidden, minlength=len(self._areas))
        return bool((left[1:] >= (1 - self._occlusion) * np.array(self._areas[1:])).all())

    def scene(self, *, noise: float, rng: np.random.Generator) -> Scene:
        """What has been drawn, with noise over it."""
        pixels_HWC = self._pixels_HWC
        if noise:
            pixels_HWC = pixels_HWC + noise * rng.standard_normal(pixels_HWC.shape, dtype=np.float32)
        numbers = tuple(stamp.number for stamp in self._stamps)
        pixels = np.rint(np.clip(pixels_HWC, 0, 1) * 255).astype(np.uint8)
        return Scene(pixels, self._instances_HW, numbers, tuple(stamp.words for stamp in self._stamps))


def texture(rng: np.random.Generator, side: int, *, clutter: float) -> NDArray[np.float32]:
    """Soft blotches of random colours around a random one, ``(side, side, 3)`` in [0, 1]."""
    cells = rng.uniform(-1, 1, (_TEXTURE_CELLS, _TEXTURE_CELLS, 3)).astype(np.float32)
    across = _interpolation(side)
    blotches = np.einsum("hi,wj,ijc->hwc", across, across, cells, optimize=True)
    return np.clip(rng.uniform(0.2, 0.8, 3).astype(np.float32) + clutter * blotches, 0, 1)


def _interpolation(side: int) -> NDArray[np.float32]:
    """Weights that blend a few values, evenly apart, to ``side`` of them, linearly."""
    place = np.linspace(0, _TEXTURE_CELLS - 1, side)[:, None] - np.arange(_TEXTURE_CELLS)
    return np.maximum(0, 1 - np.abs(place)).astype(np.float32)


def as_dataset(scenes: Sequence[Scene]) -> Dataset:
    """A row a scene: ``image``, ``mask`` (classes), ``objects`` (boxes as COCO has them) and ``captions``."""
    height, width = scenes[0].instances_HW.shape
    features = Features(
        image=Array3D((height, width, 3), "uint8"),
        mask=Array2D((height, width), "uint8"),
        objects={"bbox": List(List(Value("int32"))), "category": List(Value("int32"))},
        captions=List(Value("string")),
    )
    columns = {
        "image": [scene.pixels_HWC for scene in scenes],
        "mask": [scene.mask_HW for scene in scenes],
        "objects": [{"bbox": scene.boxes, "category": list(scene.numbers)} for scene in scenes],
        "captions": [scene.captions for scene in scenes],
    }
    return Dataset.from_dict(columns, features=features)
