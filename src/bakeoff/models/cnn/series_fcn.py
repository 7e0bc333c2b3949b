"""The fully convolutional network of series classification: three convolutions, each with batch normalisation.

Wang, Yan and Oates 2017, "Time series classification from scratch with deep neural networks: a strong baseline",
arXiv:1611.06455.

B batch, T time steps, D model width, C channels of a layer.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.encoding import OnlyEncoder
from bakeoff.ranges import Count, Fraction

KERNELS = (8, 5, 3)
"""Of the three layers."""


class SeriesConv(nn.Module):
    """A centred convolution that keeps the length, batch normalisation over real steps, and an activation.

    Args:
        in_channels: C of the input.
        out_channels: C of the output.
        kernel_size: taps; an even kernel reaches one step further ahead than back.
        activation: a name in `ACTIVATIONS`.
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int, activation: Activation) -> None:
        super().__init__()
        self.ends = ((kernel_size - 1) // 2, kernel_size // 2)
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size)
        self.norm = nn.BatchNorm1d(out_channels)
        self.activation = make_activation(activation)

    def forward(self, x_BCT: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        """Shape ``(B, C, T)``; padding is read as zeros, as are steps beyond both ends, and counts in no statistic."""
        if padding_mask_BT is not None:
            x_BCT = x_BCT.masked_fill(padding_mask_BT.unsqueeze(1), 0.0)
        y_BCT = self.conv(F.pad(x_BCT, self.ends))
        if padding_mask_BT is None or not self.training:
            return self.activation(self.norm(y_BCT))
        y_BTC, real_BT = y_BCT.transpose(1, 2), ~padding_mask_BT
        normed_BTC = y_BTC.masked_scatter(real_BT.unsqueeze(-1), self.norm(y_BTC[real_BT]))
        return self.activation(normed_BTC.transpose(1, 2))


class SeriesFCN(OnlyEncoder):
    """Three convolutions, the second of twice the width (Wang et al. 2017); the paper's has a width of 128.

    Departures from the paper: the task's stem is a linear map to D channels, so that the first layer reads D of them
    instead of the series' own; batch normalisation leaves padding out, which series of equal length have none of; the
    mean over time and the last layer are the task's head.

    Args:
        width: D, size of each step in and out.
        causal: must be False; kernels are centred.
        cross_attention: must be False; the network has no decoder's form.
        channels: of the second layer; None: ``2 * width``.
        activation: a name in `ACTIVATIONS`; relu in the paper.
        dropout: probability of dropping a channel of the output; 0 in the paper.

    Raises:
        ValueError: ``causal`` or ``cross_attention`` is True.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        channels: Count | None = None,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        middle = 2 * width if channels is None else channels
        sizes = ((width, width), (width, middle), (middle, width))
        self.layers = nn.ModuleList(
            SeriesConv(ins, outs, kernel_size=kernel_size, activation=activation)
            for (ins, outs), kernel_size in zip(sizes, KERNELS, strict=True)
        )
        self.dropout = nn.Dropout1d(dropout)

    def encoded(self, x_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        x_BDT = x_BTD.transpose(1, 2)
        for layer in self.layers:
            x_BDT = layer(x_BDT, padding_mask_BT)
        y_BTD: Tensor = self.dropout(x_BDT).transpose(1, 2)
        return y_BTD
