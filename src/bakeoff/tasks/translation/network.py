"""An encoder and a decoder of the same architecture, the decoder attending to what the encoder made of the source.

B batch, S source tokens, T target tokens, D model width, V target vocabulary.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone, State, TokenTranslator
from bakeoff.tasks.tokens import TokenStem, padding_mask
from bakeoff.tasks.written.network import AttendingWriter


class EncoderDecoder(AttendingWriter):
    """Encoder and decoder with the stems and the head that every contender shares; the head's table is the target's.

    Args:
        encoder: reads the source both ways.
        decoder: causal, attends to the encoder's output.
        source_vocab_size: of the source.
        target_vocab_size: V.
        embedding_width: of both embeddings.
        max_target_length: the most tokens of an answer, the end token counted.
    """

    def __init__(
        self,
        encoder: SequenceBackbone,
        decoder: SequenceBackbone,
        *,
        source_vocab_size: int,
        target_vocab_size: int,
        embedding_width: int,
        max_target_length: int,
    ) -> None:
        super().__init__(
            decoder,
            target_vocab_size=target_vocab_size,
            embedding_width=embedding_width,
            max_target_length=max_target_length,
        )
        self.source_stem = TokenStem(vocab_size=source_vocab_size, embedding_width=embedding_width, width=encoder.width)
        self.encoder = encoder

    def encode(self, source_BS: Tensor) -> tuple[Tensor, Tensor | None]:
        """What the decoder attends to, shape ``(B, S, D)``, and its padding mask."""
        mask_BS = padding_mask(source_BS)
        return self.encoder(self.source_stem(source_BS), padding_mask_BT=mask_BS), mask_BS


class PretrainedEncoderDecoder(nn.Module):
    """A network with embeddings and an output table of its own, behind the same methods.

    Args:
        model: the network.
        max_target_length: the most tokens of an answer.
    """

    def __init__(self, model: TokenTranslator, *, max_target_length: int) -> None:
        super().__init__()
        self.model = model
        self.max_target_length = max_target_length

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Logits of the token after each target token, shape ``(B, T, V)``."""
        return self.model.logits(*inputs)

    def initial_state(self, source_BS: Tensor) -> State:
        """The state before the first token of an answer to each source."""
        return self.model.initial_state(source_BS)

    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token, shape ``(B, V)``, and the state after this one."""
        return self.model.step(tokens_B, state)
