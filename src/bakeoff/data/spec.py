"""What the data is: everything a model or a task needs to know of it, read off the data and never typed twice."""

from __future__ import annotations

import abc
import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

from torch import Tensor

Inputs: TypeAlias = "Tensor | tuple[Tensor, ...]"
"""What a network is called with: one tensor, or a tuple of them."""

KINDS = {
    "image": "bakeoff.data.image.spec.ImageSpec",
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
