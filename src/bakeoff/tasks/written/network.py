"""A decoder that writes tokens while it attends to a memory, with the stem and head that every contender shares.

B batch, S steps of the memory, T target tokens, D model width, V target vocabulary.
"""

from __future__ import annotations

import abc
from typing import Any

from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone, State
from bakeoff.tasks.tokens import TokenHead, TokenStem, padding_mask


class AttendingWriter(nn.Module, abc.ABC):
    """Something is read into a memory, and a causal decoder writes about it; the head's table is the target's.

    Args:
        decoder: causal, attends to the memory.
        target_vocab_size: V.
        embedding_width: of the target's embedding.
        max_target_length: the most tokens of an answer, the end token counted.
    """

    def __init__(
        self, decoder: SequenceBackbone, *, target_vocab_size: int, embedding_width: int, max_target_length: int
    ) -> None:
        super().__init__()
        self.target_stem = TokenStem(vocab_size=target_vocab_size, embedding_width=embedding_width, width=decoder.width)
        self.decoder = decoder
        self.head = TokenHead(self.target_stem)
        self.max_target_length = max_target_length

    @abc.abstractmethod
    def encode(self, read: Any) -> tuple[Tensor, Tensor | None]:
        """What the decoder attends to, shape ``(B, S, D)``, and its padding mask."""

    def forward(self, inputs: tuple[Any, Tensor]) -> Tensor:
        """Logits of the token after each target token (teacher forcing), shape ``(B, T, V)``.

        Args:
            inputs: what is read, and target tokens ``(B, T)`` that begin with the start token.
        """
        read, target_BT = inputs
        memory_BSD, memory_mask_BS = self.encode(read)
        decoded_BTD = self.decoder(
            self.target_stem(target_BT),
            padding_mask_BT=padding_mask(target_BT),
            memory_BSD=memory_BSD,
            memory_padding_mask_BS=memory_mask_BS,
        )
        return self._logits(decoded_BTD)

    def initial_state(self, read: Any) -> State:
        """The decoder's state before the first token of an answer."""
        memory_BSD, mask_BS = self.encode(read)
        return self.decoder.initial_state(len(memory_BSD), memory_BSD=memory_BSD, memory_padding_mask_BS=mask_BS)

    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token, shape ``(B, V)``, and the state after this one."""
        decoded_BD, state = self.decoder.step(self.target_stem(tokens_B), state)
        return self._logits(decoded_BD), state

    def _logits(self, decoded: Tensor) -> Tensor:
        return self.head(decoded, self.target_stem.embedding.weight)
