"""SegFormer: a Transformer whose stages get coarser, as a convolutional network's do, and a light decoder of them all.

Paper: Xie et al. 2021, SegFormer: simple and efficient design for semantic segmentation with Transformers,
arXiv:2105.15203.

B batch, C channels, H height, W width, N heads, T places of a map, S places attended to, D size of a head.

Departures from the paper: strides are eased for small images, first stage first; the decoder ends before the class
scores, which the task's head makes of its map.
"""

from __future__ import annotations

from math import prod

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.contracts import ImageBackbone
from bakeoff.models.downsampling import Downsampling, fit_to_image
from bakeoff.models.image_as_sequence import pad_to_patches
from bakeoff.models.scaling import scaled
from bakeoff.ranges import Count, Fraction, Positive

HEAD_CHANNELS = 32
HEADS = (1, 2, 5, 8)
"""Of the paper's smallest, B0: 32, 64, 160 and 256 channels."""
PATCHES = (Downsampling(7, 4, 3), Downsampling(3, 2, 1), Downsampling(3, 2, 1), Downsampling(3, 2, 1))


class SegFormer(ImageBackbone):
    """SegFormer (Xie et al. 2021, arXiv:2105.15203): one map, of the size of its first stage.

    Args:
        width: ratio to the channels of the paper's B0.
        depth: blocks a stage.
        mlp_ratio: hidden channels of a block's MLP to its own.
        channels: of the decoder, and of the map that is given out; None: twice those of a head, where the paper's B0
            has eight times as many.
        final_map: the least side of the coarsest map in pixels.
        activation: of the MLPs; the paper's is ``gelu``.
        dropout: on each branch of a block, and before the map is given out.

    Raises:
        ImageTooSmall: the image is smaller than ``final_map``.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Positive = 1.0,
        depth: Count = 2,
        mlp_ratio: Count = 4,
        channels: Count | None = None,
        final_map: Count = 2,
        activation: Activation = "gelu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        steps = fit_to_image(PATCHES, image_size=image_size, final_map=final_map)
        head_dim = scaled(HEAD_CHANNELS, width)
        widths = [head_dim * heads for heads in HEADS]
        later = [prod(step.stride for step in steps[stage + 1 :]) for stage in range(len(steps))]
        made = zip([in_channels, *widths], widths, HEADS, steps, later, strict=False)
        self.stages = nn.ModuleList(
            _Stage(before, own, heads, step, reduction, depth, mlp_ratio, activation, dropout)
            for before, own, heads, step, reduction in made
        )
        given = 2 * head_dim if channels is None else channels
        self.unify = nn.ModuleList(nn.Conv2d(own, given, kernel_size=1) for own in widths)
        self.fuse = nn.Sequential(
            nn.Conv2d(len(widths) * given, given, kernel_size=1, bias=False),
            nn.BatchNorm2d(given),
            nn.ReLU(),
            nn.Dropout2d(dropout),
        )
        self.stage_channels = (given,)
        self.stage_strides = (steps[0].stride,)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map, of the size of the first stage's."""
        maps: list[Tensor] = []
        x_BCHW = images_BCHW
        for stage, unify in zip(self.stages, self.unify, strict=True):
            x_BCHW = stage(x_BCHW)
            maps.append(unify(x_BCHW))
        size = maps[0].shape[-2:]
        enlarged = [F.interpolate(one, size=size, mode="bilinear", align_corners=False) for one in maps[1:]]
        return [self.fuse(torch.cat([maps[0], *enlarged], dim=1))]


class _Stage(nn.Module):
    """Patches that overlap, and blocks on their map (sections 3.1.2 to 3.1.4)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        heads: int,
        step: Downsampling,
        reduction: int,
        depth: int,
        mlp_ratio: int,
        activation: Activation,
        dropout: float,
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(in_channels, channels, step.kernel, step.stride, step.padding)
        self.patch_norm = nn.LayerNorm(channels)
        self.blocks = nn.ModuleList(
            _Block(channels, heads, reduction, mlp_ratio, activation, dropout) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(channels)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BCHW = self.patches(x_BCHW)
        height = x_BCHW.shape[2]
        x_BTC = self.patch_norm(rearrange(x_BCHW, "b c h w -> b (h w) c"))
        for block in self.blocks:
            x_BTC = block(x_BTC, height)
        return rearrange(self.norm(x_BTC), "b (h w) c -> b c h w", h=height)


class _Block(nn.Module):
    """``x + attention(norm(x))``, then ``x + mlp(norm(x))``; the MLP looks at the neighbours, and so knows places."""

    def __init__(
        self, channels: int, heads: int, reduction: int, mlp_ratio: int, activation: Activation, dropout: float
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = _ReducedAttention(channels, heads, reduction)
        self.mlp_norm = nn.LayerNorm(channels)
        hidden = mlp_ratio * channels
        self.widen, self.narrow = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.neighbours = nn.Conv2d(hidden, hidden, kernel_size=3, padding=1, groups=hidden)
        self.activation = make_activation(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BTC: Tensor, height: int) -> Tensor:
        x_BTC = x_BTC + self.dropout(self.attention(self.attention_norm(x_BTC), height))
        return x_BTC + self.dropout(self._mlp(self.mlp_norm(x_BTC), height))

    def _mlp(self, x_BTC: Tensor, height: int) -> Tensor:
        hidden_BCHW = rearrange(self.widen(x_BTC), "b (h w) c -> b c h w", h=height)
        mixed_BTC = rearrange(self.neighbours(hidden_BCHW), "b c h w -> b (h w) c")
        return self.narrow(self.activation(mixed_BTC))


class _ReducedAttention(nn.Module):
    """Attention to a map that is ``reduction`` times as coarse a side (equation 2), by a strided convolution."""

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.reduction = reduction
        self.query, self.output = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        if reduction > 1:
            self.reduce = nn.Conv2d(channels, channels, reduction, reduction)
            self.norm = nn.LayerNorm(channels)

    def forward(self, x_BTC: Tensor, height: int) -> Tensor:
        query_BNTD = rearrange(self.query(x_BTC), "b t (n d) -> b n t d", n=self.heads)
        memory_BSC = self._reduced(x_BTC, height) if self.reduction > 1 else x_BTC
        pairs = rearrange(self.key_value(memory_BSC), "b s (i n d) -> i b n s d", i=2, n=self.heads)
        mixed_BNTD = F.scaled_dot_product_attention(query_BNTD, pairs[0], pairs[1])
        return self.output(rearrange(mixed_BNTD, "b n t d -> b t (n d)"))

    def _reduced(self, x_BTC: Tensor, height: int) -> Tensor:
        map_BCHW = pad_to_patches(rearrange(x_BTC, "b (h w) c -> b c h w", h=height), self.reduction, self.reduction)
        return self.norm(rearrange(self.reduce(map_BCHW), "b c h w -> b (h w) c"))
