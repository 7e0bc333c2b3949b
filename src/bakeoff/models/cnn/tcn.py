"""The temporal convolutional network.

Bai, Kolter and Koltun 2018, "An empirical evaluation of generic convolutional and recurrent networks for sequence
modeling", arXiv:1803.01271; centred, it is the dilated convolution of Yu and Koltun 2016, arXiv:1511.07122, over text.

B batch, T time steps, S steps of the memory, D model width, C hidden channels, P past steps that a kernel reaches.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from bakeoff.models.activations import Activation
from bakeoff.models.activations import activation as make_activation
from bakeoff.models.cnn.memory_attention import ConvMemoryAttention
from bakeoff.models.cnn.sequence_conv import SequenceConv
from bakeoff.models.contracts import SequenceBackbone, State
from bakeoff.models.memory import check_memory
from bakeoff.models.padding import refuse_empty_rows


class ResidualBlock(nn.Module):
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

    def forward(self, x_BDT: Tensor, padding_mask_B1T: Tensor | None) -> Tensor:
        """The block's output, shape ``(B, D, T)``."""
        hidden_BCT = self.dropout(self.first_activation(self.first(x_BDT, padding_mask_B1T)))
        branch_BDT = self.dropout(self.second_activation(self.second(hidden_BCT, padding_mask_B1T)))
        return self.sum_activation(x_BDT + branch_BDT)

    def step(self, x_BD: Tensor, pasts: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The block's output at the next step, and what both convolutions reach from the step after it."""
        hidden_BC, first_past_BDP = self.first.step(x_BD, pasts[0])
        hidden_BC = self.dropout(self.first_activation(hidden_BC)[..., None])[..., 0]
        branch_BD, second_past_BCP = self.second.step(hidden_BC, pasts[1])
        branch_BD = self.dropout(self.second_activation(branch_BD)[..., None])[..., 0]
        return self.sum_activation(x_BD + branch_BD), (first_past_BDP, second_past_BCP)


class TCN(SequenceBackbone):
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
        width: int,
        causal: bool = False,
        cross_attention: bool = False,
        levels: int = 6,
        kernel_size: int = 3,
        channels: int | None = None,
        dilation_base: int = 2,
        activation: Activation = "relu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"levels must be at least 1; got {levels}")
        self.width = width
        self.causal = causal
        self.cross_attention = cross_attention
        blocks = [
            ResidualBlock(
                width=width,
                channels=width if channels is None else channels,
                kernel_size=kernel_size,
                dilation=dilation_base**level,
                causal=causal,
                activation=activation,
                dropout=dropout,
            )
            for level in range(levels)
        ]
        self.blocks = cast(list[ResidualBlock], nn.ModuleList(blocks))
        self.attentions = nn.ModuleList(ConvMemoryAttention(width=width) for _ in range(levels * cross_attention))

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
            ValueError: a row is all padding, or a memory is missing or not wanted.
        """
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        if padding_mask_BT is not None:
            refuse_empty_rows(padding_mask_BT)
        padding_mask_B1T = None if padding_mask_BT is None else padding_mask_BT.unsqueeze(1)
        y_BTD = x_BTD
        for level, block in enumerate(self.blocks):
            y_BTD = block(y_BTD.transpose(1, 2), padding_mask_B1T).transpose(1, 2)
            y_BTD = self._attended(y_BTD, x_BTD, memory_BSD, memory_padding_mask_BS, level=level)
        return y_BTD

    def initial_state(
        self, batch_size: int, *, memory_BSD: Tensor | None = None, memory_padding_mask_BS: Tensor | None = None
    ) -> State:
        """The past inputs of each convolution (none yet, so zeros), and the memory.

        Raises:
            NotImplementedError: the model is not causal.
            ValueError: a memory is missing or not wanted.
        """
        if not self.causal:
            raise NotImplementedError("only a causal TCN can be run step by step")
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        pasts = tuple((block.first.no_past(batch_size), block.second.no_past(batch_size)) for block in self.blocks)
        return pasts, memory_BSD, memory_padding_mask_BS

    def step(self, x_BD: Tensor, state: State) -> tuple[Tensor, State]:
        """One step, of the same work at any position."""
        pasts, memory_BSD, memory_padding_mask_BS = state
        y_BD, next_pasts = x_BD, []
        for level, (block, past) in enumerate(zip(self.blocks, pasts, strict=True)):
            y_BD, past = block.step(y_BD, past)
            next_pasts.append(past)
            y_BD = self._attended(y_BD[:, None], x_BD[:, None], memory_BSD, memory_padding_mask_BS, level=level)[:, 0]
        return y_BD, (tuple(next_pasts), memory_BSD, memory_padding_mask_BS)

    def _attended(
        self, y_BTD: Tensor, x_BTD: Tensor, memory_BSD: Tensor | None, padding_mask_BS: Tensor | None, *, level: int
    ) -> Tensor:
        """The output of a block, plus what its attention (if it has one) found in the memory."""
        if memory_BSD is None:
            return y_BTD
        return y_BTD + self.attentions[level](y_BTD, x_BTD, memory_BSD, padding_mask_BS=padding_mask_BS)
