"""What all recurrent backbones share: order of real steps, attention to a memory, running step by step.

B batch, T time steps, S steps of a memory, D model width, H size of a state that is shown at each step.
"""

from __future__ import annotations

import abc
from typing import Any

from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone, State, detached
from bakeoff.models.memory import check_memory
from bakeoff.models.padding import back_in_place, real_steps_first, where_padding_is
from bakeoff.models.rnn.additive_attention import AttentionalOutput, Memory


class RecurrentBackbone(SequenceBackbone):
    """A sequence model that reads a row from its first real step on, and perhaps also from its last one back.

    A subclass writes `run` and `first_state`, sees no padding but at the end, and needs to know of it only to read
    backwards: what comes after a step never changes it when reading forwards.

    Args:
        width: D.
        causal: whether the future must not be read.
        cross_attention: whether states attend to a memory.
        both_ways: whether to read backwards too; None: unless causal.

    Raises:
        ValueError: both ways and causal.
    """

    both_ways: bool
    """Whether rows are read backwards too."""
    output: nn.Module
    """From states to the output; an `AttentionalOutput` with cross-attention."""

    def __init__(self, *, width: int, causal: bool, cross_attention: bool, both_ways: bool | None = None) -> None:
        super().__init__()
        if causal and both_ways:
            raise ValueError("a causal model can't read backwards; got causal=True and bidirectional=True")
        self.width = width
        self.causal = causal
        self.cross_attention = cross_attention
        self.both_ways = not causal if both_ways is None else both_ways
        self.carries_state = not self.both_ways

    @abc.abstractmethod
    def run(self, x_BTD: Tensor, *, lengths_B: Tensor | None, state: Any) -> tuple[Tensor, Any]:
        """The states, shape ``(B, T, H)``, and what the last step leaves behind.

        Args:
            x_BTD: rows with padding at the end only.
            lengths_B: real steps of each row; None if all are real, or where rows are only read forwards.
            state: what the step before left behind; None at the start.
        """

    @abc.abstractmethod
    def first_state(self, batch_size: int) -> Any:
        """What stands before the first step, without a memory."""

    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        """The encoded sequence, shape ``(B, T, D)``; real steps are read as if padding, anywhere, were not there.

        Raises:
            ValueError: a row is all padding; a memory is missing, or given to a model without cross-attention.
        """
        memory = self._memory(memory_BSD, memory_padding_mask_BS)
        place = where_padding_is(padding_mask_BT)
        if padding_mask_BT is None or place == "nowhere":
            return self._output(self.run(x_BTD, lengths_B=None, state=None)[0], memory)
        lengths_B = (~padding_mask_BT).sum(dim=1) if self.both_ways else None
        if place == "end":
            return self._output(self.run(x_BTD, lengths_B=lengths_B, state=None)[0], memory)
        front_BTD, place_BT1 = real_steps_first(x_BTD, padding_mask_BT)
        states_BTH, _ = self.run(front_BTD, lengths_B=lengths_B, state=None)
        return self._output(back_in_place(states_BTH, place_BT1), memory)

    def initial_state(
        self, batch_size: int, *, memory_BSD: Tensor | None = None, memory_padding_mask_BS: Tensor | None = None
    ) -> State:
        """Zeros, and the memory with its keys; of models that only read forwards."""
        if self.both_ways:
            return super().initial_state(batch_size)
        return self.first_state(batch_size), self._memory(memory_BSD, memory_padding_mask_BS)

    def step(self, x_BD: Tensor, state: State) -> tuple[Tensor, State]:
        """One step, in time that does not grow with the steps before."""
        if self.both_ways:
            return super().step(x_BD, state)
        before, memory = state
        states_B1H, after = self.run(x_BD.unsqueeze(1), lengths_B=None, state=before)
        return self._output(states_B1H, memory).squeeze(1), (after, memory)

    def forward_from(self, x_BTD: Tensor, state: State | None) -> tuple[Tensor, State]:
        """The next piece of a sequence.

        Raises:
            ValueError: no state for a model with cross-attention, which finds its memory in `initial_state`.
        """
        if self.both_ways:
            return super().forward_from(x_BTD, state)
        before, memory = (None, self._memory(None, None)) if state is None else detached(state)
        states_BTH, after = self.run(x_BTD, lengths_B=None, state=before)
        return self._output(states_BTH, memory), detached((after, memory))

    def _memory(self, memory_BSD: Tensor | None, padding_mask_BS: Tensor | None) -> Memory | None:
        check_memory(memory_BSD, padding_mask_BS, cross_attention=self.cross_attention)
        if memory_BSD is None:
            return None
        assert isinstance(self.output, AttentionalOutput)
        return self.output.attention.memory(memory_BSD, padding_mask_BS)

    def _output(self, states_BTH: Tensor, memory: Memory | None) -> Tensor:
        return self.output(states_BTH) if memory is None else self.output(states_BTH, memory)
