"""The temporal convolutional network.

Bai, Kolter and Koltun 2018, "An empirical evaluation of generic convolutional and recurrent networks for sequence
modeling", arXiv:1803.01271; centred, it is the dilated convolution of Yu and Koltun 2016, arXiv:1511.07122, over text.

B batch, T time steps, D model width, C hidden channels, P past steps that a kernel reaches.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.activations import Activation, make_activation
from bakeoff.models.cnn.conv_backbone import ConvBackbone
from bakeoff.models.cnn.sequence_conv import SequenceConv
from bakeoff.ranges import Count, Fraction


class DilatedBlock(nn.Module):
    """``activation(x + F(x))``, F two dilated convolutions, each with activation and dropout (Bai et al., fig. 1b)."""

    def __init__(
        self,
        *,
        width: int,
        channels: int,
        kernel_size: int,
        dilation: int,
        causal: bool,
        activation: Activation,
        dropout: float,
    ) -> None:
        super().__init__()
        self.first = SequenceConv(width, channels, kernel_size=kernel_size, dilation=dilation, causal=causal)
        self.second = SequenceConv(channels, width, kernel_size=kernel_size, dilation=dilation, causal=causal)
        self.first_activation = make_activation(activation)
        self.second_activation = make_activation(activation)
        self.sum_activation = make_activation(activation)
        # Spatial dropout: a channel falls out at all steps (Tompson et al. 2015, arXiv:1411.4280).
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, x_BTD: Tensor, padding_mask_B1T: Tensor | None) -> Tensor:
        """The block's output, shape ``(B, T, D)``."""
        x_BDT = x_BTD.transpose(1, 2)
        hidden_BCT = self.dropout(self.first_activation(self.first(x_BDT, padding_mask_B1T)))
        branch_BDT = self.dropout(self.second_activation(self.second(hidden_BCT, padding_mask_B1T)))
        return self.sum_activation(x_BDT + branch_BDT).transpose(1, 2)

    def step(self, x_BD: Tensor, pasts: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The block's output at the next step, and what both convolutions reach from the step after it."""
        hidden_BC, first_past_BDP = self.first.step(x_BD, pasts[0])
        hidden_BC = self.dropout(self.first_activation(hidden_BC)[..., None])[..., 0]
        branch_BD, second_past_BCP = self.second.step(hidden_BC, pasts[1])
        branch_BD = self.dropout(self.second_activation(branch_BD)[..., None])[..., 0]
        return self.sum_activation(x_BD + branch_BD), (first_past_BDP, second_past_BCP)

    def no_past(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """What both convolutions read before the first step."""
        return self.first.no_past(batch_size), self.second.no_past(batch_size)


class TCN(ConvBackbone):
    """A temporal convolutional network (Bai et al. 2018), causal as in the paper or centred.

    With ``cross_attention``, each block is followed by the attention of a convolutional decoder (Gehring et al. 2017).

    Departures from the paper: every block goes from D to C to D channels, so that no block needs a 1x1 convolution on
    its residual path; padding is read as zeros, like the steps before the first. Convolutions start from torch's own
    values, as they do in effect in the authors' code, where weight normalisation overwrites the intended ones.

    Args:
        width: D, size of each step in and out.
        causal: each convolution ends at the current step; else it is centred on it.
        cross_attention: attend to a memory after each block.
        levels: blocks.
        kernel_size: taps of each convolution.
        channels: C, between the two convolutions of a block; None: ``width``, as in the paper.
        dilation_base: the dilation of block ``i`` (from 0) is ``dilation_base ** i``; with 2, a causal step reads the
            last ``1 + 2 * (kernel_size - 1) * (2 ** levels - 1)`` steps.
        activation: a name in `ACTIVATIONS`; relu in the paper.
        dropout: probability that a channel falls out.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        levels: Count = 6,
        kernel_size: Count = 3,
        channels: Count | None = None,
        dilation_base: Count = 2,
        activation: Activation = "relu",
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        if levels < 1:
            raise ValueError(f"levels must be at least 1; got {levels}")
        self.stack(
            DilatedBlock(
                width=width,
                channels=width if channels is None else channels,
                kernel_size=kernel_size,
                dilation=dilation_base**level,
                causal=causal,
                activation=activation,
                dropout=dropout,
            )
            for level in range(levels)
        )
