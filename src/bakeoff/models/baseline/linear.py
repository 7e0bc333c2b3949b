"""Logistic regression on pixels.

Paper: Cox 1958, The regression analysis of binary sequences, Journal of the Royal Statistical Society B 20(2).

B batch, C channels, H height, W width, P pixels (C x H x W).
"""

from __future__ import annotations

from einops import rearrange
from torch import Tensor

from bakeoff.models.contracts import ImageBackbone


class LinearPixels(ImageBackbone):
    """The pixels as they are (Cox 1958): the task's linear head on them is logistic regression. It has no weights."""

    def __init__(self, *, in_channels: int, image_size: tuple[int, int]) -> None:
        super().__init__()
        self.stage_channels = (in_channels * image_size[0] * image_size[1],)
        self.stage_strides = (max(image_size),)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map of shape ``(B, P, 1, 1)``."""
        return [rearrange(images_BCHW, "b c h w -> b (c h w) 1 1")]
