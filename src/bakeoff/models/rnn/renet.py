"""ReNet: recurrent sweeps over an image in four directions.

Visin et al. 2015, "ReNet: a recurrent neural network based alternative to convolutional networks", arXiv:1505.00393.

B batch, C channels, H height, W width (both in patches after the first step of a layer), P pixel values of a patch,
D channels of a layer's output.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from einops import rearrange
from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.contracts import ImageBackbone, ImageTooSmall
from bakeoff.models.image_as_sequence import default_patch_size, pad_to_patches
from bakeoff.models.rnn.layers import Cell, recurrent_layers
from bakeoff.ranges import Count, Fraction


class ReNetLayer(nn.Module):
    """Bidirectional sweeps up and down each column of patches, then left and right along each row (section 2).

    Every column (then every row) is one sequence of a single batched call.

    Args:
        in_channels: C.
        width: D, half a direction.
        patch_size: side of the non-overlapping patches.
        cell: ``rnn``, ``lstm`` or ``gru``.
    """

    def __init__(self, *, in_channels: int, width: int, patch_size: int, cell: Cell) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.vertical = recurrent_layers(cell, in_channels * patch_size**2, hidden=width // 2, bidirectional=True)
        self.horizontal = recurrent_layers(cell, width, hidden=width // 2, bidirectional=True)

    def forward(self, map_BCHW: Tensor) -> Tensor:
        """The swept map, shape ``(B, D, H / patch_size, W / patch_size)``, rounded up."""
        batch, side = map_BCHW.shape[0], self.patch_size
        map_BCHW = pad_to_patches(map_BCHW, side, side)
        columns_XHP = rearrange(map_BCHW, "b c (h p) (w q) -> (b w) h (c p q)", p=side, q=side)
        swept_XHD, _ = self.vertical(columns_XHP)
        rows_YWD = rearrange(swept_XHD, "(b w) h d -> (b h) w d", b=batch)
        swept_YWD, _ = self.horizontal(rows_YWD)
        return rearrange(swept_YWD, "(b h) w d -> b d h w", b=batch)


class ReNet(ImageBackbone):
    """Stacked four-direction recurrent layers and a fully connected layer (Visin et al. 2015).

    Departures from the paper: the fully connected layer works at each place of the last map (a 1x1 convolution) instead
    of on the flattened map, since the shared head averages it; the first layer's patches grow with the image.

    Args:
        width: channels of each layer's map; even, half a direction.
        patch_sizes: side of the patches of each layer, one entry a layer; an entry of None in first place adapts to the
            image. The paper takes 2 in each of two or three layers.
        cell: ``rnn``, ``lstm`` or ``gru``; the paper uses the last two.
        projection: channels of the fully connected layer; None: ``2 * width``.
        activation: after the fully connected layer (the paper's is ``relu``); the cells keep sigmoid and tanh.
        dropout: on each layer's map and on the fully connected layer.

    Raises:
        ImageTooSmall: a patch is larger than the map that it divides.
        ValueError: an odd ``width``, no layer, or an unknown cell.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        width: Count = 64,
        patch_sizes: Sequence[Count | None] = (None, 2),
        cell: Cell = "lstm",
        projection: Count | None = None,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f"width must be even for two directions; got {width}, nearest {width - 1} and {width + 1}")
        sides = _patch_sizes(patch_sizes, image_size=image_size)
        channels = [in_channels] + [width] * (len(sides) - 1)
        self.layers = nn.ModuleList(
            ReNetLayer(in_channels=incoming, width=width, patch_size=side, cell=cell)
            for incoming, side in zip(channels, sides, strict=True)
        )
        self.dropout = nn.Dropout(dropout)
        out_channels = 2 * width if projection is None else projection
        self.projection = nn.Sequential(nn.Conv2d(width, out_channels, kernel_size=1), make_activation(activation))
        self.stage_channels = (*[width] * (len(sides) - 1), out_channels)
        self.stage_strides = tuple(accumulate(sides, mul))

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map a layer; the last has passed the fully connected layer."""
        maps: list[Tensor] = []
        current_BCHW = images_BCHW
        for layer in self.layers:
            current_BCHW = self.dropout(layer(current_BCHW))
            maps.append(current_BCHW)
        return [*maps[:-1], self.dropout(self.projection(current_BCHW))]


def _patch_sizes(patch_sizes: Sequence[int | None], *, image_size: tuple[int, int]) -> tuple[int, ...]:
    """The patch side of each layer, checked against the map that it divides."""
    if not patch_sizes or None in patch_sizes[1:]:
        raise ValueError(f"patch_sizes needs a number for each layer (null in first place only); got {patch_sizes}")
    adapted = max(2, default_patch_size(image_size) // 2)
    sides = tuple(adapted if side is None else side for side in patch_sizes)
    if min(sides) < 1:
        raise ValueError(f"patch_sizes must be at least 1; got {patch_sizes}")
    height, width = image_size
    least = _least_image(sides)
    if min(image_size) < least:
        raise ImageTooSmall(f"patch_sizes {list(sides)} need images of {least}x{least} pixels; got {height}x{width}")
    return sides


def _least_image(sides: Sequence[int]) -> int:
    """The smallest image, in pixels a side, of which every layer still divides a map no smaller than its patches."""
    least = 1
    for side in reversed(sides):
        least = max(side, (least - 1) * side + 1)
    return least
