"""What the data is: everything a model or a task needs to know of it, read off the data and never typed twice."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

from torch import Tensor

Inputs: TypeAlias = "Tensor | tuple[Tensor, ...]"
"""What a network is called with: one tensor, or a tuple of them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec(abc.ABC):
    """What every kind of data has.

    ``notes`` are sentences for the report: rows dropped, skipped or leaked. ``leaked_rows`` counts rows of train and
    validation that are also in a later split and were kept because ``data.allow_leak=true``. ``num_groups`` counts the
    groups of `data.split.group` and its like in train, validation and test; empty without them, and of older runs.
    """

    kind: ClassVar[str]
    length_fields: ClassVar[tuple[str, ...]] = ()
    """The fields that say how long its sequences are, for `bakeoff scale` and signatures; empty for other data."""

    name: str
    fingerprint: str
    split_fingerprint: str
    num_train: int
    num_val: int
    num_test: int
    leaked_rows: int = 0
    num_groups: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @abc.abstractmethod
    def example_inputs(self, batch_size: int) -> Inputs:
        """A batch of typical size and no meaning, on torch's default device: what costs are counted and timed on."""

    def at_length(self, length: int) -> Self:
        """The same data with sequences of one length; data that are no sequences as they are."""
        changes: dict[str, Any] = dict.fromkeys(self.length_fields, length)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"kind": self.kind} | {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`, for data of this kind.

        Raises:
            ValueError: it describes another kind of data.
        """
        if plain["kind"] != cls.kind:
            raise ValueError(f"expected a description of data of kind {cls.kind}; got {plain['kind']}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items() if k != "kind"}
        return cls(**values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassSpec(Spec):
    """Examples with classes; labels are ``0 .. num_classes - 1`` in the order of ``class_names``.

    ``class_counts`` are of the trial's train rows; runs that did not keep them have none. ``rarest_class`` has the
    fewest rows outside of the test, whatever the trial's seed, the last of equal ones.
    """

    class_names: tuple[str, ...]
    multi_label: bool = False
    class_counts: tuple[int, ...] = ()
    rarest_class: int = -1

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)
