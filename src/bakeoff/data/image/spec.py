"""What images are: their shape and their normalisation, and of classified ones their classes.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from bakeoff.data.image.fitting import Fit
from bakeoff.data.image.records import Background, PixelRule
from bakeoff.data.spec import ClassSpec, Inputs, Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class PixelSpec(Spec):
    """Images of one size, as one trial sees them, whatever is to be said of them.

    ``mean`` and ``std`` are per channel, of the trial's train rows, for pixels in [0, 1]; a constant channel has std 1.
    ``moves_targets`` says whether what is to be said of an image lies in it, as masks and boxes do, and moves with it;
    ``augmented_at_most``, how far a knob of augmentation may be turned before that is no longer true, and what happens
    then. Knobs that it lacks may be turned to their end; None: images stay as they are.
    ``bit_depth``, ``background``, ``fit`` and ``max_megapixels`` are those of `PixelRule`, by which new images
    are read as these were.
    """

    moves_targets: ClassVar[bool] = False
    augmented_at_most: ClassVar[Mapping[str, tuple[float, str]] | None] = None

    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    bit_depth: int = 16
    background: Background = "white"
    fit: Fit = "stretch"
    max_megapixels: float = 64.0

    @property
    def pixel_rule(self) -> PixelRule:
        """How stored values become pixels."""
        return PixelRule(self.bit_depth, self.background, self.fit, self.max_megapixels)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (self.height, self.width)

    @property
    def example_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return (self.channels, self.height, self.width)

    def example_inputs(self, batch_size: int) -> Inputs:
        """Images of zeros, shape ``(B, C, H, W)``."""
        return torch.zeros(batch_size, *self.example_shape)

    def model_arguments(self) -> dict[str, Any]:
        """What an `ImageBackbone` wants to know of the data."""
        return {"in_channels": self.channels, "image_size": self.image_size}


UNMIXED = dict.fromkeys(("mixup", "cutmix"), (0.0, "it mixes whole images and their classes"))
"""Of images that have no class as a whole, as ``augmented_at_most`` has it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageSpec(PixelSpec, ClassSpec):
    """Classified images, as one trial sees them."""

    kind = "image"
    augmented_at_most: ClassVar[Mapping[str, tuple[float, str]]] = {}
