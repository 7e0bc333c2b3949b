"""What the data is: everything a model or a task needs to know of it, read off the data and never typed twice.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import abc
import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor

Inputs: TypeAlias = "Tensor | tuple[Tensor, ...]"
"""What a network is called with: one tensor, or a tuple of them."""

KINDS = {
    "image": "bakeoff.data.spec.ImageSpec",
    "labelled_text": "bakeoff.data.text.spec.LabelledTextSpec",
    "text_stream": "bakeoff.data.text.spec.TextStreamSpec",
    "text_pair": "bakeoff.data.text.spec.TextPairSpec",
    "probe": "bakeoff.data.probes.spec.ProbeSpec",
}
"""The kinds of data there are, as ``spec.json`` names them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec(abc.ABC):
    """What every kind of data has.

    ``notes`` are sentences for the report: rows dropped, skipped or leaked. ``leaked_rows`` counts rows of train and
    validation that are also in a later split and were kept because ``data.allow_leak=true``.
    """

    kind: ClassVar[str]

    name: str
    fingerprint: str
    split_fingerprint: str
    num_train: int
    num_val: int
    num_test: int
    leaked_rows: int = 0
    notes: tuple[str, ...] = ()

    @abc.abstractmethod
    def example_inputs(self, batch_size: int) -> Inputs:
        """A batch of typical size and no meaning, on torch's default device: what costs are counted and timed on."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"kind": self.kind} | {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Spec:
        """The inverse of `to_dict`, for any kind of data."""
        module, _, name = KINDS[plain["kind"]].rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in plain.items() if k != "kind"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageSpec(Spec):
    """Classified images, as one trial sees them.

    ``mean`` and ``std`` are per channel, of the trial's train rows, for pixels in [0, 1]; a constant channel has std 1.
    """

    kind = "image"

    channels: int
    height: int
    width: int
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

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

    def example_inputs(self, batch_size: int) -> Tensor:
        """Images of zeros, shape ``(B, C, H, W)``."""
        return torch.zeros(batch_size, *self.example_shape)

    def model_arguments(self) -> dict[str, Any]:
        """What an `ImageBackbone` wants to know of the data."""
        return {"in_channels": self.channels, "image_size": self.image_size}
