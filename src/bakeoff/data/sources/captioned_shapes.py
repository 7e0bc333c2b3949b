"""Scenes of coloured shapes with captions, and with combinations of colour and shape that training lacks."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Array3D, Dataset, DatasetDict, Features, List, Value
from numpy.typing import NDArray

from bakeoff.data.sources.scenes import SPLITS
from bakeoff.data.sources.shapes import COLOURS, FORMS, Shapes
from bakeoff.ranges import WholeNumber

_UNSEEN = "unseen"
_DIM = np.float32(0.3)


@dataclasses.dataclass(kw_only=True, eq=False)
class CaptionedShapes(Shapes):
    """Scenes of `Shapes` with their captions (`bakeoff.data.sources.scene_captions`).

    The test split has further scenes, all of whose things are of held-out combinations; none of the others shows one.

    Args:
        num_unseen: scenes to test on that show nothing else.
        held_out: combinations of colour and shape, such as ``red circle``.

    Raises:
        ValueError: something that is no combination, or all that there are.
    """

    name = "captioned_shapes"
    parts = (*SPLITS, _UNSEEN)

    num_unseen: WholeNumber
    held_out: Sequence[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        every = {f"{hue} {form}": (form, hue) for form, hue in itertools.product(FORMS, COLOURS)}
        unknown = [name for name in self.held_out if name not in every]
        if unknown or len(set(self.held_out)) == len(every) or (self.num_unseen and not self.held_out):
            allowed = f"some of {', '.join(COLOURS)} with {', '.join(FORMS)}, such as red circle, and not all"
            raise ValueError(f"held_out must be {allowed}; got {list(self.held_out)}")
        self._held_out = [every[name] for name in self.held_out]
        self._others = [kind for name, kind in every.items() if name not in self.held_out]

    def identity(self) -> dict[str, Any]:
        """The rule and its settings."""
        held_out = [f"{hue} {form}" for form, hue in self._held_out]
        return super().identity() | {"num_unseen": self.num_unseen, "held_out": held_out}

    def background(self, split: str, rng: np.random.Generator) -> NDArray[np.float32]:
        """Soft blotches, so dim that every colour stands out."""
        return _DIM * super().background(split, rng)

    def kind(self, split: str, rng: np.random.Generator) -> tuple[str, str]:
        """A shape and its colour: a held-out combination, or one of the others."""
        kinds = self._held_out if split == _UNSEEN else self._others
        return kinds[int(rng.integers(len(kinds)))]

    def load(self) -> DatasetDict:
        """Splits ``train``, ``test`` and, unless ``num_val`` is 0, ``val``: ``image``, ``captions`` and ``unseen``."""
        drawn_for = {split: [(split, index) for index in range(count)] for split, count in self._counts.items()}
        drawn_for["test"] += [(_UNSEEN, index) for index in range(self.num_unseen)]
        return DatasetDict({split: self._rows(scenes) for split, scenes in drawn_for.items() if scenes})

    def _rows(self, drawn_for: Sequence[tuple[str, int]]) -> Dataset:
        side = self.how.image_size
        features = Features(
            image=Array3D((side, side, 3), "uint8"), captions=List(Value("string")), unseen=Value("bool")
        )
        scenes = [self.scene(split, index) for split, index in drawn_for]
        columns = {
            "image": [scene.pixels_HWC for scene in scenes],
            "captions": [scene.captions for scene in scenes],
            "unseen": [split == _UNSEEN for split, _ in drawn_for],
        }
        return Dataset.from_dict(columns, features=features)
