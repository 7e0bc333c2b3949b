"""What convolutional sequence models share: a stack of blocks, attention to a memory, running step by step.

B batch, T time steps, S steps of the memory, D model width.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from bakeoff.models.cnn.memory_attention import ConvMemoryAttention
from bakeoff.models.contracts import SequenceBackbone, State
from bakeoff.models.memory import check_memory
from bakeoff.models.padding import refuse_empty_rows


class ConvBackbone(SequenceBackbone):
    """Blocks of convolutions, each followed by the attention of a convolutional decoder where there is a memory.

    A block turns ``(x_BTD, padding_mask_B1T)`` into as many steps, has a ``step`` from one step and what its
    convolutions reach of those before to the same after it, and says by ``no_past`` what is before the first.
    """

    sum_scale: float = 1.0
    """What the sum of a block's output and of what its attention found is multiplied by."""

    @abstractmethod
    def __init__(self, *, width: int, causal: bool, cross_attention: bool) -> None:
        super().__init__()
        self.width = width
        self.causal = causal
        self.cross_attention = cross_attention

    def stack(self, blocks: Iterable[nn.Module]) -> None:
        """Takes the blocks, first one first, and makes their attentions."""
        self.blocks = cast(list[Any], nn.ModuleList(blocks))
        count = len(self.blocks) * self.cross_attention
        self.attentions = nn.ModuleList(ConvMemoryAttention(width=self.width) for _ in range(count))

    def read(self, x_BTD: Tensor, position_B: Tensor | None = None) -> Tensor:
        """What the first block gets of the steps from a position on, the same for all rows; None: from the first."""
        return x_BTD

    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``."""
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        refuse_empty_rows(padding_mask_BT)
        padding_mask_B1T = None if padding_mask_BT is None else padding_mask_BT.unsqueeze(1)
        input_BTD = self.read(x_BTD)
        y_BTD = input_BTD
        for layer, block in enumerate(self.blocks):
            y_BTD = block(y_BTD, padding_mask_B1T)
            y_BTD = self._attended(y_BTD, input_BTD, memory_BSD, memory_padding_mask_BS, layer=layer)
        return y_BTD

    def initial_state(
        self, batch_size: int, *, memory_BSD: Tensor | None = None, memory_padding_mask_BS: Tensor | None = None
    ) -> State:
        """The past inputs of each convolution (none yet, so zeros), the position of each sequence, and the memory."""
        self.refuse_steps_unless_causal()
        check_memory(memory_BSD, memory_padding_mask_BS, cross_attention=self.cross_attention)
        pasts = tuple(block.no_past(batch_size) for block in self.blocks)
        position_B = torch.zeros(batch_size, dtype=torch.long, device=next(self.parameters()).device)
        return pasts, position_B, memory_BSD, memory_padding_mask_BS

    def step(self, x_BD: Tensor, state: State) -> tuple[Tensor, State]:
        """One step, of the same work at any position."""
        pasts, position_B, memory_BSD, memory_padding_mask_BS = state
        input_B1D = self.read(x_BD[:, None], position_B)
        y_B1D, next_pasts = input_B1D, []
        for layer, (block, past) in enumerate(zip(self.blocks, pasts, strict=True)):
            y_BD, past = block.step(y_B1D[:, 0], past)
            next_pasts.append(past)
            y_B1D = self._attended(y_BD[:, None], input_B1D, memory_BSD, memory_padding_mask_BS, layer=layer)
        return y_B1D[:, 0], (tuple(next_pasts), position_B + 1, memory_BSD, memory_padding_mask_BS)

    def _attended(
        self, y_BTD: Tensor, input_BTD: Tensor, memory_BSD: Tensor | None, padding_mask_BS: Tensor | None, *, layer: int
    ) -> Tensor:
        """The output of a block, with what its attention (if it has one) found in the memory."""
        if memory_BSD is None:
            return y_BTD
        found_BTD = self.attentions[layer](y_BTD, input_BTD, memory_BSD, padding_mask_BS=padding_mask_BS)
        return (y_BTD + found_BTD) * self.sum_scale
