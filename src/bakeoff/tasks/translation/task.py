"""Translation, learnt with teacher forcing and judged on what greedy or beam search writes.

B batch, S source tokens, T target tokens, V target vocabulary, N examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from torch import nn

from bakeoff.data.contract import Cases
from bakeoff.data.text.spec import TextPairSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenModel
from bakeoff.ranges import Count, Fraction, NotNegative
from bakeoff.tables import repeat_row, table_of
from bakeoff.tasks.contract import MakeBackbone
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.translation.attention_map import attention_map
from bakeoff.tasks.translation.facts import METRICS
from bakeoff.tasks.translation.network import EncoderDecoder, PretrainedEncoderDecoder
from bakeoff.tasks.writing import Writing


class Translation(Writing[TextPairSpec]):
    """Cross-entropy on the next target token; exact match, BLEU and chrF of what search writes (higher is better).

    In validation, ``exact_match`` is that of greedy search token by token, and ``token_accuracy`` that of the next
    token after the right ones.

    Args:
        spec: what the data is; gives the target's tokenizer.
        label_smoothing: mass moved from the right token to all alike, in [0, 1).
        beams: answers kept side by side in the final search; 1 is greedy.
        length_penalty: of beam search.
    """

    metrics_declared = METRICS
    trivial_words = "always answering the most frequent translation of training"

    def __init__(
        self,
        *,
        spec: TextPairSpec,
        label_smoothing: Fraction = 0.0,
        beams: Count = 1,
        length_penalty: NotNegative = 0.6,
    ) -> None:
        super().__init__(
            spec=spec,
            tokenizer=tokenizer_from(spec.target_tokenizer),
            label_smoothing=label_smoothing,
            beams=beams,
            length_penalty=length_penalty,
        )

    def network(self, make: MakeBackbone, *, embedding_width: int = 64) -> nn.Module:
        """Encoder and decoder of the configured model, with the shared stems and tied head."""
        spec, encoder = self.spec, make(causal=False, cross_attention=False)
        if isinstance(encoder, TokenModel):
            whole = encoder.translator(
                tokenizer_from(spec.source_tokenizer),
                tokenizer_from(spec.target_tokenizer),
                max_source_length=spec.longest_source,
                max_target_length=spec.max_target_length,
            )
            return PretrainedEncoderDecoder(whole, max_target_length=spec.max_target_length)
        decoder = make(causal=True, cross_attention=True)
        assert isinstance(encoder, SequenceBackbone) and isinstance(decoder, SequenceBackbone)
        require_positions(encoder, max(spec.longest_source, spec.max_target_length), cut_by="data.max_length")
        return EncoderDecoder(
            encoder,
            decoder,
            source_vocab_size=spec.source_vocab_size,
            target_vocab_size=spec.target_vocab_size,
            embedding_width=embedding_width,
            max_target_length=spec.max_target_length,
        )

    # What a finished run says of examples -----------------------------------------------------------------------------

    def references(self, labels: pa.Table) -> list[list[str]]:
        """The one translation of each source."""
        return [[reference] for reference in labels["reference"].to_pylist()]

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """The most frequent translation of training, to everything."""
        most_frequent = Counter(train.labels["reference"].to_pylist()).most_common(1)[0][0]
        return repeat_row(table_of(text=[most_frequent]), len(inputs))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """Greedy answers, with what the decoder attended to (the mean over its layers)."""
        return [shown for source in cases.raw for shown in attention_map(net, str(source), self.spec)]

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The translations."""
        return answers.rename_columns(["translation"])
