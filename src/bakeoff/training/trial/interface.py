"""What a trained network takes and returns: which sizes are free, and what its outputs are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from bakeoff.data.spec import Inputs, Spec
from bakeoff.models.contracts import DetectorOutputs


def shorter(spec: Spec) -> Spec:
    """Data with sequences of one step less, since they may be of any length; other data as they are."""
    lengths = [getattr(spec, name) for name in spec.length_fields]
    return spec.at_length(max(min(lengths) - 1, 1)) if lengths else spec


def parts_of(inputs: Inputs) -> tuple[Tensor, ...]:
    """The tensors that a network is called with."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def as_inputs(parts: tuple[Tensor, ...]) -> Inputs:
    """The inverse of `parts_of`."""
    return parts[0] if len(parts) == 1 else parts


def named_inputs(spec: Spec) -> dict[str, dict[int, str]]:
    """The inputs of a network by name, each with the axes that are free and what they are called."""
    first, second = parts_of(spec.example_inputs(2)), parts_of(shorter(spec).example_inputs(3))
    names = [f"input_{index}" for index in range(len(first))] if len(first) > 1 else ["inputs"]
    found = {}
    for name, one, other in zip(names, first, second, strict=True):
        free = [axis for axis, (a, b) in enumerate(zip(one.shape, other.shape, strict=True)) if a != b]
        found[name] = {axis: "batch" if axis == 0 else f"{name}_{axis}" for axis in free}
    return found


def named_outputs(outputs: Any) -> dict[str, Tensor]:
    """A network's outputs by name: ``outputs`` where there is one tensor; of a detector, ``boxes`` and ``scores``."""
    if isinstance(outputs, Tensor):
        return {"outputs": outputs}
    if isinstance(outputs, DetectorOutputs):
        return dict(zip(("boxes", "scores"), outputs.dense(), strict=True))
    if isinstance(outputs, Mapping):
        return dict(outputs)
    return {f"output_{index}": part for index, part in enumerate(outputs)}
