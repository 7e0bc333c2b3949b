"""A language model: a causal backbone between the embedding and its transpose, read piece by piece or step by step.

B batch, T tokens, D model width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone, State, TokenPredictor, joined, select_rows
from bakeoff.tasks.tokens import TokenHead, TokenStem, padding_mask
from bakeoff.training.loop.accumulation import in_parts


class LanguageModel(nn.Module):
    """A causal backbone with the stem and head that every contender shares; the head's table is the stem's."""

    def __init__(self, backbone: SequenceBackbone, *, vocab_size: int, embedding_width: int) -> None:
        super().__init__()
        self.stem = TokenStem(vocab_size=vocab_size, embedding_width=embedding_width, width=backbone.width)
        self.backbone = backbone
        self.head = TokenHead(self.stem)

    @property
    def carries_state(self) -> bool:
        """Whether the backbone goes on from piece to piece."""
        return self.backbone.carries_state

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Logits of the token after each one, shape ``(B, T, V)``."""
        return self._logits(self.backbone(self.stem(tokens_BT), padding_mask_BT=padding_mask(tokens_BT)))

    def forward_from(self, tokens_BT: Tensor, state: State | None) -> tuple[Tensor, State]:
        """As `forward` on the next piece of a stream, and the state after it."""
        encoded_BTD, state = self.backbone.forward_from(self.stem(tokens_BT), state)
        return self._logits(encoded_BTD), state

    def initial_state(self, batch_size: int) -> State:
        """The state before the first token."""
        return self.backbone.initial_state(batch_size)

    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token, shape ``(B, V)``, and the state after this one."""
        encoded_BD, state = self.backbone.step(self.stem(tokens_B), state)
        return self._logits(encoded_BD), state

    def _logits(self, encoded: Tensor) -> Tensor:
        return self.head(encoded, self.stem.embedding.weight)


class PretrainedLanguageModel(nn.Module):
    """A network with an embedding and an output table of its own, behind the same methods."""

    carries_state = False

    def __init__(self, model: TokenPredictor) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Logits of the token after each one, shape ``(B, T, V)``."""
        return self.model(tokens_BT, padding_mask_BT=padding_mask(tokens_BT))

    def initial_state(self, batch_size: int) -> State:
        """The state before the first token."""
        return self.model.initial_state(batch_size)

    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token, shape ``(B, V)``, and the state after this one."""
        return self.model.step(tokens_B, state)


class StreamReader:
    """Reads streams piece by piece, each piece with what went before it in the same row.

    A model that carries a state goes on from it. Any other is shown the piece before as context, and what it says of
    that context is dropped; pieces are half as long as in training, so that context and piece together are what the
    model was trained on.
    """

    def __init__(self) -> None:
        self.state: State | None = None
        self.previous_BT: Tensor | None = None

    def in_parts(self, count: int, num_rows: int) -> list[StreamReader]:
        """A reader for each part of the rows, as `bakeoff.training.loop.accumulation.in_parts` parts them."""
        rows = in_parts(torch.arange(num_rows), count)
        return [self._of_rows(part) for part in rows if isinstance(part, Tensor)]

    def _of_rows(self, rows_B: Tensor) -> StreamReader:
        part = StreamReader()
        part.state = None if self.state is None else select_rows(self.state, rows_B)
        part.previous_BT = None if self.previous_BT is None else self.previous_BT[rows_B]
        return part

    @classmethod
    def of_parts(cls, parts: Sequence[StreamReader]) -> StreamReader:
        """One reader of the rows of all."""
        whole = cls()
        whole.state = None if parts[0].state is None else joined([part.state for part in parts])
        previous = [part.previous_BT for part in parts if part.previous_BT is not None]
        whole.previous_BT = torch.cat(previous) if previous else None
        return whole

    def read(self, net: LanguageModel | PretrainedLanguageModel, tokens_BT: Tensor) -> Tensor:
        """Logits of the piece, shape ``(B, T, V)``."""
        if isinstance(net, LanguageModel) and net.carries_state:
            logits_BTV, self.state = net.forward_from(tokens_BT, self.state)
            return logits_BTV
        context_BT = self.previous_BT
        self.previous_BT = tokens_BT
        if context_BT is None:
            return net(tokens_BT)
        return net(torch.cat([context_BT, tokens_BT], dim=1))[:, context_BT.shape[1] :]
