"""U-Net: down, up again, and at each size what was seen on the way down.

Paper: Ronneberger, Fischer & Brox 2015, U-Net: convolutional networks for biomedical image segmentation,
arXiv:1505.04597.

B batch, C channels, H height, W width.

Departures from the paper: convolutions are padded, so that the map has the image's size and no border is cropped; batch
normalisation; fewer levels where the image is small.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.cnn.layers import ConvNormAct, initialize, same
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.dense import at_full_size
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Fraction, Positive, WholeNumber

FIRST_CHANNELS = 64
_LEAST_MAP = 8


class UNet(ImageBackbone):
    """U-Net (Ronneberger et al. 2015, arXiv:1505.04597): one map of the image's own size.

    Args:
        width: ratio to the paper's channels: 64 at full size, twice as many a level.
        levels: poolings by two; the paper's 4, and fewer where the lowest map would be smaller than 8 pixels: a budget
            is better spent on channels than on levels that see a whole small image.
        activation: a name in `ACTIVATIONS`; relu in the paper.
        dropout: at the end of the way down, as in the paper, which does not say how much.

    Raises:
        ValueError: ``levels`` is below 0.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Positive = 1.0,
        levels: WholeNumber = 4,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        if levels < 0:
            raise ValueError(f"levels must be at least 0; got {levels}")
        while levels and min(image_size) >> levels < _LEAST_MAP:
            levels -= 1
        channels = [scaled(FIRST_CHANNELS * 2**level, width) for level in range(levels + 1)]
        steps = zip([in_channels, *channels[:-1]], channels, strict=True)
        self.down = nn.ModuleList(_two_convolutions(before, own, activation=activation) for before, own in steps)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout2d(dropout)
        pairs = list(zip(channels[1:], channels[:-1], strict=True))[::-1]
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(below, own, 2, stride=2) for below, own in pairs)
        self.up = nn.ModuleList(_two_convolutions(2 * own, own, activation=activation) for _, own in pairs)
        self.stage_channels = (channels[0],)
        self.stage_strides = (1,)
        initialize(self, activation=activation)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map of the images' size."""
        return [at_full_size(images_BCHW, 2 ** len(self.up), self._map)]

    def _map(self, x_BCHW: Tensor) -> Tensor:
        seen: list[Tensor] = []
        for level, convolutions in enumerate(self.down):
            x_BCHW = convolutions(self.pool(x_BCHW) if level else x_BCHW)
            seen.append(x_BCHW)
        x_BCHW = self.dropout(seen.pop())
        for enlarge, convolutions in zip(self.enlarge, self.up, strict=True):
            x_BCHW = convolutions(torch.cat([seen.pop(), enlarge(x_BCHW)], dim=1))
        return x_BCHW


def _two_convolutions(in_channels: int, out_channels: int, *, activation: Activation) -> nn.Sequential:
    return nn.Sequential(
        ConvNormAct(in_channels, out_channels, window=same(3), activation=activation),
        ConvNormAct(out_channels, out_channels, window=same(3), activation=activation),
    )
