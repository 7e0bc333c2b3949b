"""Blocks of time-channel separable convolutions with a path around each: QuartzNet, a lighter Jasper.

Kriman et al. 2020, "QuartzNet: deep automatic speech recognition with 1D time-channel separable convolutions",
arXiv:1910.10261; Li et al. 2019, "Jasper: an end-to-end convolutional neural acoustic model", arXiv:1904.03288.

B batch, T time steps, D model width.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.encoding import OnlyEncoder
from bakeoff.ranges import Count, Fraction


class SeparableConv(nn.Module):
    """A convolution over time of each channel by itself, then one over channels of each step, then a norm.

    Args:
        width: D.
        kernel_size: taps; odd.
    """

    def __init__(self, width: int, *, kernel_size: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(width, width, kernel_size, padding=kernel_size // 2, groups=width, bias=False)
        self.over_channels = nn.Linear(width, width, bias=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, x_BTD: Tensor, padding_mask_BT1: Tensor | None) -> Tensor:
        """Shape ``(B, T, D)``; padding is read as zeros, as are the steps beyond both ends."""
        if padding_mask_BT1 is not None:
            x_BTD = x_BTD.masked_fill(padding_mask_BT1, 0.0)
        mixed_BTD = self.over_time(x_BTD.transpose(1, 2)).transpose(1, 2)
        return self.norm(self.over_channels(mixed_BTD))


class QuartzBlock(nn.Module):
    """R separable convolutions, to whose last one a linear map of the block's input is added before the activation.

    Args:
        width: D.
        kernel_size: of all its convolutions.
        repeats: R.
        activation: after each.
        dropout: after each activation.
    """

    def __init__(self, width: int, *, kernel_size: int, repeats: int, activation: Activation, dropout: float) -> None:
        super().__init__()
        self.convs = nn.ModuleList(SeparableConv(width, kernel_size=kernel_size) for _ in range(repeats))
        self.around = nn.Sequential(nn.Linear(width, width, bias=False), nn.LayerNorm(width))
        self.acts = nn.ModuleList(make_activation(activation) for _ in range(repeats))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BTD: Tensor, padding_mask_BT1: Tensor | None) -> Tensor:
        """Shape ``(B, T, D)``."""
        y_BTD, last = x_BTD, len(self.convs) - 1
        for place, (conv, act) in enumerate(zip(self.convs, self.acts, strict=True)):
            y_BTD = conv(y_BTD, padding_mask_BT1)
            y_BTD = self.dropout(act(y_BTD + self.around(x_BTD) if place == last else y_BTD))
        return y_BTD


class QuartzNet(OnlyEncoder):
    """QuartzNet's blocks between a task's stem and head (Kriman et al. 2020).

    Departures from the paper: layer normalisation in place of batch normalisation, so that what is padded in a batch
    changes no statistics; one width for all blocks; the task's stem and head stand for its first and last layers.

    Args:
        width: D, size of each step in and out.
        causal: must be False; kernels are centred.
        cross_attention: must be False; the network has no decoder's form.
        kernel_sizes: of each block, odd; the paper's are 33 to 75 at steps of 20 ms.
        repeats: R, convolutions a block; 5 in the paper.
        activation: a name in `ACTIVATIONS`; relu in the paper.
        dropout: probability, after each activation.

    Raises:
        ValueError: ``causal`` or ``cross_attention`` is True, or a kernel size is even or below 1.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        kernel_sizes: Sequence[Count] = (11, 13, 15),
        repeats: Count = 2,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        if not kernel_sizes or min(kernel_sizes) < 1 or any(size % 2 == 0 for size in kernel_sizes):
            raise ValueError(f"kernel_sizes must hold one or more odd sizes; got {list(kernel_sizes)}")
        self.blocks = nn.ModuleList(
            QuartzBlock(width, kernel_size=size, repeats=repeats, activation=activation, dropout=dropout)
            for size in kernel_sizes
        )

    def encoded(self, x_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        padding_mask_BT1 = None if padding_mask_BT is None else padding_mask_BT.unsqueeze(-1)
        for block in self.blocks:
            x_BTD = block(x_BTD, padding_mask_BT1)
        return x_BTD
