"""Stacked convolutions with gated linear units: a language model, an encoder, or a decoder that attends to a memory.

Dauphin et al. 2017, "Language modeling with gated convolutional networks", arXiv:1612.08083; Gehring et al. 2017,
"Convolutional sequence to sequence learning", arXiv:1705.03122.

B batch, T time steps, D model width, C gated channels, P past steps that a kernel reaches.
"""

from __future__ import annotations

from typing import get_args

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from bakeoff.models.cnn.conv_backbone import ConvBackbone
from bakeoff.models.cnn.memory_attention import SQRT_HALF
from bakeoff.models.cnn.sequence_conv import SequenceConv
from bakeoff.models.positions import AddedPositions, added_positions
from bakeoff.ranges import Count, Fraction

GLU_GAIN = 3.0
"""Variance of the weights before a gated linear unit, times their number, that keeps the variance of normal inputs:
``g E[sigmoid(sqrt(g) z)^2] = 1``. The 4 of Gehring et al. (A.2) is for a gate that stays at a half."""


class GatedBlock(nn.Module):
    """``(x + glu(conv(x))) * sqrt(0.5)``, the unit being ``a * sigmoid(b)`` (Gehring et al. 2017, section 3.2).

    Args:
        width: D.
        channels: C; None: D, and no projection from C to D.
        kernel_size: taps of the convolution.
        causal: the convolution ends at the current step.
        dropout: probability, on the block's input.
    """

    def __init__(self, *, width: int, channels: int | None, kernel_size: int, causal: bool, dropout: float) -> None:
        super().__init__()
        gated = width if channels is None else channels
        # Dropout makes what is kept larger, so that weights start smaller (Gehring et al. 2017, A.2).
        gain = GLU_GAIN * (1 - dropout)
        self.dropout = nn.Dropout(dropout)
        self.conv = SequenceConv(width, 2 * gated, kernel_size=kernel_size, causal=causal, variance_gain=gain)
        self.projection = nn.Identity() if channels is None else _projection(gated, width)

    def forward(self, x_BTD: Tensor, padding_mask_B1T: Tensor | None) -> Tensor:
        """The block's output, shape ``(B, T, D)``."""
        gates_BTC = self.conv(self.dropout(x_BTD).transpose(1, 2), padding_mask_B1T).transpose(1, 2)
        return (x_BTD + self.projection(F.glu(gates_BTC, dim=-1))) * SQRT_HALF

    def step(self, x_BD: Tensor, past_BDP: Tensor) -> tuple[Tensor, Tensor]:
        """The block's output at the next step, and what its convolution reaches from the step after it."""
        gates_BC, past_BDP = self.conv.step(self.dropout(x_BD), past_BDP)
        return (x_BD + self.projection(F.glu(gates_BC, dim=-1))) * SQRT_HALF, past_BDP

    def no_past(self, batch_size: int) -> Tensor:
        """What the convolution reads before the first step."""
        return self.conv.no_past(batch_size)


class GatedConv(ConvBackbone):
    """A gated convolutional network (Dauphin et al. 2017); with attention in each layer, ConvS2S (Gehring et al. 2017).

    No activation is configurable: the gate is a sigmoid, as in the papers.

    Departures from the papers: one number of channels for all layers; with ``channels`` each layer narrows to C and is
    projected back to D, a simpler bottleneck than Dauphin's; no adaptive softmax; weights start smaller (`GLU_GAIN`),
    so that many layers keep the scale of their input; see `ConvMemoryAttention` for the attention's own.

    Args:
        width: D, size of each step in and out.
        causal: each convolution ends at the current step; else it is centred on it.
        cross_attention: attend to a memory in each layer.
        depth: layers.
        kernel_size: taps of each convolution; a causal step reads the last ``1 + depth * (kernel_size - 1)`` steps.
        channels: C, gated channels of a layer; None: ``width``, without a projection.
        positions: added to the input: ``sinusoidal`` (any length), ``learned`` (up to ``max_length``, as in Gehring et
            al.) or ``none`` (as in Dauphin et al.).
        max_length: the longest sequence that learned positions serve.
        dropout: probability, on the input and on each layer's.

    Raises:
        ValueError: unknown ``positions``, learned positions without ``max_length``, or a size below 1.
    """

    sum_scale = SQRT_HALF

    def __init__(
        self,
        *,
        width: Count,
        causal: bool = False,
        cross_attention: bool = False,
        depth: Count = 6,
        kernel_size: Count = 5,
        channels: Count | None = None,
        positions: AddedPositions = "none",
        max_length: Count | None = None,
        dropout: Fraction = 0.0,
    ) -> None:
        super().__init__(width=width, causal=causal, cross_attention=cross_attention)
        if positions not in get_args(AddedPositions):
            raise ValueError(f"positions must be one of {', '.join(get_args(AddedPositions))}; got {positions!r}")
        if depth < 1:
            raise ValueError(f"depth must be at least 1; got {depth}")
        self.positions = added_positions(positions, width=width, max_length=max_length)
        self.longest = max_length if positions == "learned" else None
        self.dropout = nn.Dropout(dropout)
        self.stack(
            GatedBlock(width=width, channels=channels, kernel_size=kernel_size, causal=causal, dropout=dropout)
            for _ in range(depth)
        )

    def read(self, x_BTD: Tensor, position_B: Tensor | None = None) -> Tensor:
        """The steps with their positions.

        Raises:
            ValueError: learned positions do not reach them.
        """
        start = 0 if position_B is None else int(position_B[0])
        return self.dropout(self.positions(x_BTD, start=start))


def _projection(channels: int, width: int) -> nn.Module:
    """A weight-normalised linear map that keeps the variance (Gehring et al. 2017, A.2)."""
    linear = nn.Linear(channels, width)
    nn.init.normal_(linear.weight, std=channels**-0.5)
    nn.init.zeros_(linear.bias)
    return weight_norm(linear)
