"""What of a task's network can be explained: inputs in places, what they become where nothing is, and one number.

B batch, P places: rows and columns of an image, tokens of a text, steps of a window; E numbers a place, along one axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from torch import Tensor, nn

from bakeoff.data.contract import Cases
from bakeoff.tasks.exhibits import Exhibit

Drawing: TypeAlias = Callable[[int, Mapping[str, np.ndarray], Cases], Exhibit]
"""What shows a row of the batch, with each attribution's ``(P,)`` by name, and the case that it is."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A batch of examples, and what a network says of them as one number each.

    Attributes:
        features: what is explained, of which gradients can be taken; a place's numbers lie along ``vector_axis``.
        blank: likewise, as it were with nothing at any place.
        real_BP: the places there are; padding is none.
        others: what else the network is called with, a row an example each.
        driven: of ``(features, *others)`` the number of each example, ``(B,)``, that attributions divide among places.
        kept: likewise how much of the answer is left, about 1 of all features, less of blank ones.
        drawn: an example with its attributions.
        last_map: the layer that puts out the last map over places, ``(B, D, h, w)``; None where there is no map.
    """

    features: Tensor
    blank: Tensor
    vector_axis: int
    real_BP: Tensor
    others: tuple[Tensor, ...]
    driven: Callable[..., Tensor]
    kept: Callable[..., Tensor]
    drawn: Drawing
    last_map: nn.Module | None = None

    def over_places(self, values: Tensor) -> Tensor:
        """Sums over each place's numbers, ``(B, P)``; 0 where no place is."""
        return values.sum(dim=self.vector_axis) * self.real_BP

    def partly(self, present_BP: Tensor) -> Tensor:
        """The features at these places, and blank ones at the others."""
        return self.features.where(present_BP.unsqueeze(self.vector_axis), self.blank)


@contextmanager
def putting_out(layer: nn.Module, output: Tensor) -> Iterator[None]:
    """While it lasts, a layer puts out this, whatever it is given."""
    handle = layer.register_forward_hook(lambda module, inputs, made: output)
    try:
        yield
    finally:
        handle.remove()
