"""What images with boxes are: an image's shape and normalisation, and the classes."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from bakeoff.data.image.spec import UNMIXED, PixelSpec


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoxSpec(PixelSpec):
    """Images and boxes, as one trial sees them; classes are ``0 .. num_classes - 1`` in the order of ``class_names``.

    ``class_counts`` are the boxes of each class in the trial's train images, and ``most_boxes`` the most that one of
    these images has.
    """

    kind = "boxed_image"
    moves_targets = True
    augmented_at_most = UNMIXED

    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    most_boxes: int

    def example_inputs(self, batch_size: int) -> Tensor:
        """Images of waves, shape ``(B, C, H, W)``: in images of zeros there would be no region to propose."""
        down_H, across_W = (torch.linspace(0, 6 * math.pi, side).sin() for side in self.image_size)
        return torch.outer(down_H, across_W).expand(batch_size, self.channels, -1, -1).contiguous()

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)
