"""Images and sources made on the spot."""

from __future__ import annotations

import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image
from PIL import Image as PilImage

from bakeoff.data.sources.source import Source


class InMemory(Source):
    """A source from a dictionary of splits, for tests."""

    def __init__(self, splits: dict[str, Dataset], *, name: str = "in_memory") -> None:
        self.splits = splits
        self.name = name
        self.loads = 0

    def identity(self) -> dict[str, object]:
        """By name."""
        return {"source": self.name}

    def load(self) -> DatasetDict:
        """Counts how often it is read."""
        self.loads += 1
        return DatasetDict(self.splits)


def noise_image(number: int, *, size: tuple[int, int] = (6, 5), mode: str = "L") -> PilImage.Image:
    """Random pixels that no other number has."""
    shape = size if mode == "L" else (*size, len(mode))
    return PilImage.fromarray(np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8), mode=None)


def table(labels: list, *, first: int = 0, classes: list[str] | None = None, **columns: list) -> Dataset:
    """A row a label, each with a picture of its own, numbered from ``first``."""
    images = columns.pop("image", None) or [noise_image(first + row) for row in range(len(labels))]
    dataset = Dataset.from_dict({"image": images, "label": labels, **columns})
    label = ClassLabel(names=classes) if classes else dataset.features["label"]
    return dataset.cast(Features({**dataset.features, "image": Image(), "label": label}))
