"""What the data is: everything a model or a task needs to know of it, read off the data and never typed twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """Classified images, as one trial sees them.

    ``mean`` and ``std`` are per channel, of the trial's train rows, for pixels in [0, 1]; a constant channel has std 1.
    ``notes`` are sentences for the report: rows dropped, skipped or leaked. ``leaked_rows`` counts rows of train and
    validation that are also in a later split and were kept because ``data.allow_leak=true``.
    """

    name: str
    fingerprint: str
    split_fingerprint: str
    channels: int
    height: int
    width: int
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    num_train: int
    num_val: int
    num_test: int
    leaked_rows: int = 0
    notes: tuple[str, ...] = ()

    @property
    def num_classes(self) -> int:
        """How many classes there are; labels are ``0 .. num_classes - 1`` in the order of ``class_names``."""
        return len(self.class_names)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (self.height, self.width)

    @property
    def example_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return (self.channels, self.height, self.width)

    def model_arguments(self) -> dict[str, Any]:
        """What an `ImageBackbone` wants to know of the data."""
        return {"in_channels": self.channels, "image_size": self.image_size}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        plain = dataclasses.asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ImageSpec:
        """The inverse of `to_dict`."""
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()
        }
        return cls(**fields)
