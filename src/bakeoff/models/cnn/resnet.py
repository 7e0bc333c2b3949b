"""Residual networks.

Paper: He et al. 2016, Deep residual learning for image recognition, arXiv:1512.03385. Options: zero-initialised
residual branches, Goyal et al. 2017, arXiv:1706.02677; SE and CBAM attention (attention.py).

B batch, C channels, H height, W width.

Departures from the paper: the bottleneck's stride sits on its 3x3 convolution instead of the first 1x1 (later practice;
the parameters are the same). Three stages (``blocks: [n, n, n]``) with ``width: 0.25`` are the paper's CIFAR network
(16, 32, 64 channels), with projections where a shortcut changes shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.attention import Attention, attention_gate
from bakeoff.models.cnn.layers import ConvNormAct, initialize, same
from bakeoff.models.contracts import ImageBackbone, maps_after
from bakeoff.models.downsampling import Downsampling, fit_to_image, pool, total_strides
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Positive

STAGE_CHANNELS = (64, 128, 256, 512)
EXPANSION = {"basic": 1, "bottleneck": 4}
Block = Literal["basic", "bottleneck"]


def basic_branch(in_channels: int, channels: int, *, window: Downsampling, activation: Activation) -> nn.Sequential:
    """Two 3x3 convolutions (ResNet-18 and -34)."""
    return nn.Sequential(
        ConvNormAct(in_channels, channels, window=window, activation=activation),
        ConvNormAct(channels, channels, window=same(3), activation=None),
    )


def bottleneck_branch(
    in_channels: int, channels: int, out_channels: int, *, window: Downsampling, activation: Activation
) -> nn.Sequential:
    """1x1 down to ``channels``, 3x3, 1x1 up to ``out_channels`` (ResNet-50 and deeper)."""
    return nn.Sequential(
        ConvNormAct(in_channels, channels, window=same(1), activation=activation),
        ConvNormAct(channels, channels, window=window, activation=activation),
        ConvNormAct(channels, out_channels, window=same(1), activation=None),
    )


class ResidualBlock(nn.Module):
    """``activation(shortcut(x) + attention(branch(x)))``; shapes ``(B, C_in, H, W) -> (B, C_out, H', W')``."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        out_channels: int,
        *,
        block: Block,
        window: Downsampling,
        activation: Activation,
        attention: Attention,
    ) -> None:
        super().__init__()
        if block == "basic":
            self.branch = basic_branch(in_channels, out_channels, window=window, activation=activation)
        else:
            self.branch = bottleneck_branch(in_channels, channels, out_channels, window=window, activation=activation)
        self.attention = attention_gate(attention, out_channels, activation=activation)
        self.shortcut: nn.Module = nn.Identity()
        if window.stride > 1 or in_channels != out_channels:
            projection = same(1, stride=window.stride)
            self.shortcut = ConvNormAct(in_channels, out_channels, window=projection, activation=None)
        self.activation = make_activation(activation)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The block's output."""
        return self.activation(self.shortcut(x_BCHW) + self.attention(self.branch(x_BCHW)))


class ResNet(ImageBackbone):
    """ResNet (He et al. 2016, arXiv:1512.03385): one feature map a stage.

    Args:
        width: ratio to the paper's channels (64, 128, 256, 512).
        blocks: residual blocks of each stage, one to four stages; ``[2, 2, 2, 2]`` basic is ResNet-18,
            ``[3, 4, 6, 3]`` bottleneck is ResNet-50.
        block: basic or bottleneck.
        activation: a name in `ACTIVATIONS`.
        attention: what weighs each residual branch: none, se or cbam.
        zero_init_residual: start every block as its shortcut (the last batch norm's scale is 0).
        final_map: least side of the last feature map in pixels (downsampling.py); 4 is CIFAR practice at 32x32.

    Raises:
        ValueError: an argument is outside what is listed.
        ImageTooSmall: the image is smaller than ``final_map``.
    """

    def __init__(
        self,
        *,
        in_channels: Count,
        image_size: tuple[Count, Count],
        width: Positive = 1.0,
        blocks: Sequence[Count] = (2, 2, 2, 2),
        block: Block = "basic",
        activation: Activation = "relu",
        attention: Attention = "none",
        zero_init_residual: bool = False,
        final_map: Count = 2,
    ) -> None:
        super().__init__()
        if block not in EXPANSION:
            raise ValueError(f"block must be basic or bottleneck; got {block!r}")
        if not 1 <= len(blocks) <= len(STAGE_CHANNELS) or min(blocks) < 1:
            raise ValueError(f"blocks must hold one to four positive counts; got {list(blocks)}")
        paper = [same(7, stride=2), same(3, stride=2)] + [same(3, stride=2)] * (len(blocks) - 1)
        stem, stem_pool, *later_stages = fit_to_image(paper, image_size=image_size, final_map=final_map)
        channels_in = scaled(64, width)
        stem_convolution = ConvNormAct(in_channels, channels_in, window=stem, activation=activation)
        self.stem = nn.Sequential(stem_convolution, pool(stem_pool))
        self.stages = nn.ModuleList()
        for depth, channels, step in zip(blocks, STAGE_CHANNELS, [same(3), *later_stages], strict=False):
            channels_out = scaled(channels * EXPANSION[block], width)
            stage = nn.Sequential()
            for position in range(depth):
                stage.append(
                    ResidualBlock(
                        channels_in if position == 0 else channels_out,
                        scaled(channels, width),
                        channels_out,
                        block=block,
                        window=step if position == 0 else same(3),
                        activation=activation,
                        attention=attention,
                    )
                )
            self.stages.append(stage)
            channels_in = channels_out
        self.stage_channels = tuple(scaled(c * EXPANSION[block], width) for c in STAGE_CHANNELS[: len(blocks)])
        self.stage_strides = total_strides([stem, stem_pool, *later_stages])[1:]
        initialize(self, activation=activation)
        if zero_init_residual:
            self._zero_residual_branches()

    def _zero_residual_branches(self) -> None:
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                last_norm = [layer for layer in module.branch.modules() if isinstance(layer, nn.BatchNorm2d)][-1]
                nn.init.zeros_(last_norm.weight)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """The output of each stage, coarsest last."""
        return maps_after(self.stages, self.stem(images_BCHW))
