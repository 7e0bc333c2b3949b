"""Convolutions at full size, with the place of each pixel among their inputs or without.

Paper: Liu et al. 2018, An intriguing failing of convolutional neural networks and the CoordConv solution,
arXiv:1807.03247.

B batch, C channels, H height, W width.

Departure from the paper: all layers have the same number of channels. As there, nothing is normalised: with batch
normalisation the network draws where it was trained and fails where it was not (docs/results).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.cnn.layers import ConvNormAct, initialize, same
from bakeoff.models.contracts import ImageBackbone
from bakeoff.ranges import Count


class CoordConv(ImageBackbone):
    """Convolutions of stride 1 (Liu et al. 2018, arXiv:1807.03247): one map, of the image's size.

    Args:
        width: channels of each layer.
        depth: layers.
        kernel_size: of each, odd.
        coordinates: whether row and column of each pixel, from -1 to 1, are two more channels of the image; without
            them it is a plain convolutional network.
        activation: a name in `ACTIVATIONS`.

    Raises:
        ValueError: an even ``kernel_size``.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Count = 32,
        depth: Count = 5,
        kernel_size: Count = 1,
        coordinates: bool = True,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that maps keep their size; got {kernel_size}")
        self.coordinates = coordinates
        channels = [in_channels + 2 * coordinates, *[width] * depth]
        self.layers = nn.Sequential(
            *(
                ConvNormAct(before, after, window=same(kernel_size), activation=activation, batch_norm=False)
                for before, after in itertools.pairwise(channels)
            )
        )
        initialize(self, activation=activation)
        self.stage_channels = (width,)
        self.stage_strides = (1,)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map, shape ``(B, width, H, W)``."""
        if self.coordinates:
            images_BCHW = torch.cat([images_BCHW, places(images_BCHW)], dim=1)
        return [self.layers(images_BCHW)]


def places(images_BCHW: Tensor) -> Tensor:
    """Row and column of each pixel, from -1 to 1, shape ``(B, 2, H, W)``."""
    batch, _, height, width = images_BCHW.shape
    rows_H, columns_W = (torch.linspace(-1, 1, size).to(images_BCHW) for size in (height, width))
    return torch.stack(torch.meshgrid(rows_H, columns_W, indexing="ij")).expand(batch, 2, height, width)
