"""Stacked convolutions with gated linear units: a language model, an encoder, or a decoder that attends to a memory.

Dauphin et al. 2017, "Language modeling with gated convolutional networks", arXiv:1612.08083; Gehring et al. 2017,
"Convolutional sequence to sequence learning", arXiv:1705.03122.

B batch, T time steps, S steps of the memory, D model width, C gated channels, P past steps that a kernel reaches.
"""

from __future__ import annotations

from typing import cast, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from bakeoff.models.cnn.memory_attention import SQRT_HALF, ConvMemoryAttention
from bakeoff.models.cnn.sequence_conv import SequenceConv
from bakeoff.models.contracts import SequenceBackbone, State
from bakeoff.models.memory import check_memory
from bakeoff.models.padding import refuse_empty_rows
from bakeoff.models.positions import AddedPositions, added_positions

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


class GatedConv(SequenceBackbone):
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

    def __init__(
        self,
        *,
        width: int,
        causal: bool = False,
        cross_attention: bool = False,
        depth: int = 6,
        kernel_size: int = 5,
        channels: int | None = None,
        positions: AddedPositions = "none",
        max_length: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if positions not in get_args(AddedPositions):
            raise ValueError(f"positions must be one of {', '.join(get_args(AddedPositions))}; got {positions!r}")
        if depth < 1:
            raise ValueError(f"depth must be at least 1; got {depth}")
        self.width = width
        self.causal = causal
        self.cross_attention = cross_attention
        self.positions = added_positions(positions, width=width, max_length=max_length)
        self.longest = max_length if positions == "learned" else None
        self.dropout = nn.Dropout(dropout)
        blocks = [
            GatedBlock(width=width, channels=channels, kernel_size=kernel_size, causal=causal, dropout=dropout)
            for _ in range(depth)
        ]
        self.blocks = cast(list[GatedBlock], nn.ModuleList(blocks))
        self.attentions = nn.ModuleList(ConvMemoryAttention(width=width) for _ in range(depth * cross_attention))

    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``.

        Raises:
            ValueError: a row is all padding, the sequence is longer than learned positions reach, or a memory is
                missing or not wanted.
        """
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        if padding_mask_BT is not None:
            refuse_empty_rows(padding_mask_BT)
        padding_mask_B1T = None if padding_mask_BT is None else padding_mask_BT.unsqueeze(1)
        input_BTD = self.dropout(self.positions(x_BTD))
        y_BTD = input_BTD
        for layer, block in enumerate(self.blocks):
            y_BTD = block(y_BTD, padding_mask_B1T)
            y_BTD = self._attended(y_BTD, input_BTD, memory_BSD, memory_padding_mask_BS, layer=layer)
        return y_BTD

    def initial_state(
        self, batch_size: int, *, memory_BSD: Tensor | None = None, memory_padding_mask_BS: Tensor | None = None
    ) -> State:
        """The past inputs of each convolution (none yet, so zeros), the position of each sequence, and the memory.

        Raises:
            NotImplementedError: the model is not causal.
            ValueError: a memory is missing or not wanted.
        """
        if not self.causal:
            raise NotImplementedError("only a causal GatedConv can be run step by step")
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        pasts = tuple(block.conv.no_past(batch_size) for block in self.blocks)
        position_B = pasts[0].new_zeros(batch_size, dtype=torch.long)
        return pasts, position_B, memory_BSD, memory_padding_mask_BS

    def step(self, x_BD: Tensor, state: State) -> tuple[Tensor, State]:
        """One step, of the same work at any position.

        Raises:
            ValueError: learned positions do not reach this step.
        """
        pasts, position_B, memory_BSD, memory_padding_mask_BS = state
        input_B1D = self.dropout(self.positions(x_BD[:, None], start=int(position_B[0])))
        y_B1D, next_pasts = input_B1D, []
        for layer, (block, past_BDP) in enumerate(zip(self.blocks, pasts, strict=True)):
            y_BD, past_BDP = block.step(y_B1D[:, 0], past_BDP)
            next_pasts.append(past_BDP)
            y_B1D = self._attended(y_BD[:, None], input_B1D, memory_BSD, memory_padding_mask_BS, layer=layer)
        return y_B1D[:, 0], (tuple(next_pasts), position_B + 1, memory_BSD, memory_padding_mask_BS)

    def _attended(
        self, y_BTD: Tensor, input_BTD: Tensor, memory_BSD: Tensor | None, padding_mask_BS: Tensor | None, *, layer: int
    ) -> Tensor:
        """The output of a layer, with what its attention (if it has one) found in the memory."""
        if memory_BSD is None:
            return y_BTD
        found_BTD = self.attentions[layer](y_BTD, input_BTD, memory_BSD, padding_mask_BS=padding_mask_BS)
        return (y_BTD + found_BTD) * SQRT_HALF


def _projection(channels: int, width: int) -> nn.Module:
    """A weight-normalised linear map that keeps the variance (Gehring et al. 2017, A.2)."""
    linear = nn.Linear(channels, width)
    nn.init.normal_(linear.weight, std=channels**-0.5)
    nn.init.zeros_(linear.bias)
    return weight_norm(linear)
