"""GoogLeNet, made of Inception modules.

Papers: Szegedy et al. 2015, Going deeper with convolutions, arXiv:1409.4842; batch normalisation, Ioffe & Szegedy 2015,
arXiv:1502.03167; squeeze-and-excitation after each module, Hu et al. 2018, arXiv:1709.01507.

B batch, C channels, H height, W width.

Departures from the paper: no auxiliary classifiers (a backbone has no loss of its own, and batch normalisation made
them needless); batch normalisation after each convolution, as in later practice, not local response normalisation.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.cnn.attention import Attention, attention_gate
from bakeoff.models.cnn.layers import ConvNormAct, initialize, same
from bakeoff.models.contracts import ImageBackbone, maps_after
from bakeoff.models.downsampling import fit_to_image, pool, total_strides
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Fraction, Positive


@dataclasses.dataclass(frozen=True)
class InceptionChannels:
    """Channels of the branches of a module: the columns of the paper's table 1."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int

    def scaled(self, width: float) -> InceptionChannels:
        """Each branch at ``width`` times the paper's channels."""
        return InceptionChannels(*(scaled(channels, width) for channels in dataclasses.astuple(self)))

    def total(self) -> int:
        """Channels of the concatenated output."""
        return self.one + self.three + self.five + self.pool


STAGES = (
    (InceptionChannels(64, 96, 128, 16, 32, 32), InceptionChannels(128, 128, 192, 32, 96, 64)),
    (
        InceptionChannels(192, 96, 208, 16, 48, 64),
        InceptionChannels(160, 112, 224, 24, 64, 64),
        InceptionChannels(128, 128, 256, 24, 64, 64),
        InceptionChannels(112, 144, 288, 32, 64, 64),
        InceptionChannels(256, 160, 320, 32, 128, 128),
    ),
    (InceptionChannels(256, 160, 320, 32, 128, 128), InceptionChannels(384, 192, 384, 48, 128, 128)),
)


class Inception(nn.Module):
    """1x1, 3x3 and 5x5 convolutions and a pool side by side, ``(B, C, H, W) -> (B, channels.total(), H, W)``."""

    def __init__(self, in_channels: int, channels: InceptionChannels, *, activation: Activation) -> None:
        super().__init__()

        def layer(inputs: int, outputs: int, kernel: int) -> ConvNormAct:
            return ConvNormAct(inputs, outputs, window=same(kernel), activation=activation)

        self.one = layer(in_channels, channels.one, 1)
        self.three = nn.Sequential(
            layer(in_channels, channels.three_reduce, 1), layer(channels.three_reduce, channels.three, 3)
        )
        self.five = nn.Sequential(
            layer(in_channels, channels.five_reduce, 1), layer(channels.five_reduce, channels.five, 5)
        )
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), layer(in_channels, channels.pool, 1))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The four branches, concatenated by channel."""
        return torch.cat([self.one(x_BCHW), self.three(x_BCHW), self.five(x_BCHW), self.pool(x_BCHW)], dim=1)


class GoogLeNet(ImageBackbone):
    """GoogLeNet (Szegedy et al. 2015, arXiv:1409.4842): the maps of the stem and of Inception 3b, 4e and 5b.

    Args:
        width: ratio to the paper's channels (64, 192, then its table 1).
        activation: a name in `ACTIVATIONS`; relu in the paper.
        attention: what weighs the output of each module: none, se or cbam.
        dropout: probability of dropping a channel of the last map (so, a feature of the head); 0.4 in the paper.
        final_map: least side of the last feature map in pixels.

    Raises:
        ValueError: an argument is outside what is listed.
        ImageTooSmall: the image is smaller than ``final_map``.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Positive = 1.0,
        activation: Activation = "relu",
        attention: Attention = "none",
        dropout: Fraction = 0.4,
        final_map: Count = 2,
    ) -> None:
        super().__init__()
        paper = [same(7, stride=2)] + [same(3, stride=2)] * 4
        stem, *pools = fit_to_image(paper, image_size=image_size, final_map=final_map)
        c1, c2 = scaled(64, width), scaled(192, width)
        self.stem = nn.Sequential(
            ConvNormAct(in_channels, c1, window=stem, activation=activation),
            pool(pools[0]),
            ConvNormAct(c1, c1, window=same(1), activation=activation),
            ConvNormAct(c1, c2, window=same(3), activation=activation),
        )
        self.stages = nn.ModuleList()
        stage_channels = [c2]
        for modules, step in zip(STAGES, pools[1:], strict=True):
            channels_in = stage_channels[-1]
            stage = nn.Sequential(pool(step))
            for channels in (module.scaled(width) for module in modules):
                stage.append(Inception(channels_in, channels, activation=activation))
                channels_in = channels.total()
                stage.append(attention_gate(attention, channels_in, activation=activation))
            self.stages.append(stage)
            stage_channels.append(channels_in)
        self.dropout = nn.Dropout2d(dropout)
        self.stage_channels = tuple(stage_channels)
        self.stage_strides = total_strides([stem, *pools])[1:]
        initialize(self, activation=activation)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The output of the stem and of each stage, coarsest last."""
        *maps, last_BCHW = maps_after([self.stem, *self.stages], images_BCHW)
        return [*maps, self.dropout(last_BCHW)]
