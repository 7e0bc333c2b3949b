"""A language model: a causal backbone between the embedding and its transpose, read piece by piece or step by step.

B batch, T tokens, D model width, V vocabulary.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone, State, TokenPredictor
from bakeoff.tasks.tokens import TokenHead, TokenStem, padding_mask


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
