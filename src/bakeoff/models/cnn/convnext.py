"""ConvNeXt.

Papers: Liu et al. 2022, A ConvNet for the 2020s, arXiv:2201.03545; layer scale, Touvron et al. 2021, arXiv:2103.17239;
stochastic depth, Huang et al. 2016, arXiv:1603.09382.

B batch, C channels, H height, W width.

Departures from the paper: the last layer normalisation comes before the head's average over pixels instead of after it,
as the shared head has none; a downsampling that lost its stride on a small image is a 3x3 convolution
(downsampling.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.layers import ChannelLayerNorm, StochasticDepth, convolution, same
from bakeoff.models.contracts import ImageBackbone, maps_after
from bakeoff.models.downsampling import Downsampling, fit_to_image, total_strides
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Fraction, NotNegative, Positive

STAGE_CHANNELS = (96, 192, 384, 768)
EXPANSION = 4
EPSILON = 1e-6


class ConvNeXtBlock(nn.Module):
    """Depthwise 7x7, layer norm, a pixelwise network of four times the channels, layer scale; keeps the shape.

    Args:
        layer_scale: what the branch's learnt scale of each channel starts from; None leaves the scale out.
    """

    def __init__(
        self, channels: int, *, activation: Activation, drop_probability: float, layer_scale: float | None
    ) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            convolution(channels, channels, same(7), groups=channels),
            ChannelLayerNorm(channels, eps=EPSILON),
            nn.Conv2d(channels, EXPANSION * channels, 1),
            make_activation(activation),
            nn.Conv2d(EXPANSION * channels, channels, 1),
        )
        self.scale_C11 = None if layer_scale is None else nn.Parameter(torch.full((channels, 1, 1), layer_scale))
        self.stochastic_depth = StochasticDepth(drop_probability)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The block's output."""
        branch_BCHW = self.branch(x_BCHW)
        if self.scale_C11 is not None:
            branch_BCHW = branch_BCHW * self.scale_C11
        return x_BCHW + self.stochastic_depth(branch_BCHW)


class ConvNeXt(ImageBackbone):
    """ConvNeXt (Liu et al. 2022, arXiv:2201.03545): one feature map a stage.

    Args:
        width: ratio to the channels of ConvNeXt-T (96, 192, 384, 768).
        blocks: blocks of each stage, one to four stages; ``[3, 3, 9, 3]`` is ConvNeXt-T.
        activation: a name in `ACTIVATIONS`; gelu in the paper.
        stochastic_depth: probability of dropping the last block's branch, growing linearly from 0; 0.1 for ConvNeXt-T.
        layer_scale: start of the learnt scale of each branch, 1e-6 in the paper; null leaves it out.
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
        blocks: Sequence[Count] = (3, 3, 9, 3),
        activation: Activation = "gelu",
        stochastic_depth: Fraction = 0.1,
        layer_scale: NotNegative | None = 1e-6,
        final_map: Count = 2,
    ) -> None:
        super().__init__()
        if not 1 <= len(blocks) <= len(STAGE_CHANNELS) or min(blocks) < 1:
            raise ValueError(f"blocks must hold one to four positive counts; got {list(blocks)}")
        patches = [Downsampling(kernel=4, stride=4, padding=0)]
        halvings = [Downsampling(kernel=2, stride=2, padding=0)] * (len(blocks) - 1)
        steps = fit_to_image(patches + halvings, image_size=image_size, final_map=final_map)
        self.stage_channels = tuple(scaled(channels, width) for channels in STAGE_CHANNELS[: len(blocks)])
        self.stage_strides = total_strides(steps)
        drop_step = stochastic_depth / max(1, sum(blocks) - 1)
        self.stages = nn.ModuleList()
        for index, (depth, channels, step) in enumerate(zip(blocks, self.stage_channels, steps, strict=True)):
            channels_in = in_channels if index == 0 else self.stage_channels[index - 1]
            stage = _downsampling(channels_in, channels, step=step, is_stem=index == 0)
            for position in range(sum(blocks[:index]), sum(blocks[:index]) + depth):
                block = ConvNeXtBlock(
                    channels,
                    activation=activation,
                    drop_probability=drop_step * position,
                    layer_scale=layer_scale,
                )
                stage.append(block)
            self.stages.append(stage)
        self.norm = ChannelLayerNorm(self.stage_channels[-1], eps=EPSILON)
        self._initialize()

    def _initialize(self) -> None:
        """Weights from a normal of deviation 0.02, cut at two deviations; biases 0, as in the paper."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The output of each stage, coarsest last and normalised."""
        *maps, last_BCHW = maps_after(self.stages, images_BCHW)
        return [*maps, self.norm(last_BCHW)]


def _downsampling(in_channels: int, channels: int, *, step: Downsampling, is_stem: bool) -> nn.Sequential:
    """The stem normalises what it made; later stages normalise what they read."""
    layer = convolution(in_channels, channels, step)
    if is_stem:
        return nn.Sequential(layer, ChannelLayerNorm(channels, eps=EPSILON))
    return nn.Sequential(ChannelLayerNorm(in_channels, eps=EPSILON), layer)
