"""Logistic regression on the pixels around each place.

Paper: Cox 1958, The regression analysis of binary sequences, Journal of the Royal Statistical Society B 20(2).

B batch, C channels, H height, W width, P pixel values around a place (C x side x side).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from bakeoff.models.contracts import ImageBackbone
from bakeoff.ranges import Count


class Neighbourhood(ImageBackbone):
    """The pixels around each place as they are (Cox 1958): a linear head on them is logistic regression. No weights.

    Args:
        side: pixels a side of what is seen; odd.

    Raises:
        ValueError: ``side`` is even, or below 1.
    """

    def __init__(self, *, in_channels: int, image_size: tuple[int, int], side: Count = 5) -> None:
        super().__init__()
        if side < 1 or side % 2 == 0:
            raise ValueError(f"side must be odd, so that it has a middle; got {side}")
        self.side = side
        self.stage_channels = (in_channels * side**2,)
        self.stage_strides = (1,)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map of shape ``(B, P, H, W)``; beyond the image there are zeros."""
        seen_BPX = F.unfold(images_BCHW, self.side, padding=self.side // 2)
        return [seen_BPX.unflatten(2, images_BCHW.shape[-2:])]
