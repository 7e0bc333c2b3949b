"""Translation, learnt with teacher forcing and judged on what greedy or beam search writes.

B batch, S source tokens, T target tokens, V target vocabulary, N examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases
from bakeoff.data.text.spec import PAD, TextPairSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenModel
from bakeoff.tables import column, repeat_row, table_of
from bakeoff.tasks.contract import MakeBackbone, Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.translation import scores
from bakeoff.tasks.translation.attention_map import attention_map
from bakeoff.tasks.translation.network import EncoderDecoder, PretrainedEncoderDecoder
from bakeoff.tasks.translation.search import Specials, are_same, beam_search, greedy_search
from bakeoff.tasks.weighted_mean import WeightedMean


class Translation(Task[TextPairSpec]):
    """Cross-entropy on the next target token; exact match, BLEU and chrF of what search writes (higher is better).

    In validation, ``exact_match`` is that of greedy search token by token, and ``token_accuracy`` that of the next
    token after the right ones.

    Args:
        spec: what the data is; gives the target's tokenizer.
        label_smoothing: mass moved from the right token to all alike, in [0, 1).
        beams: answers kept side by side in the final search; 1 is greedy.
        length_penalty: of beam search.
    """

    metrics_declared = scores.METRICS
    trivial_words = "always answering the most frequent translation of training"

    def __init__(
        self, *, spec: TextPairSpec, label_smoothing: float = 0.0, beams: int = 1, length_penalty: float = 0.6
    ) -> None:
        super().__init__(spec=spec)
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        if beams < 1:
            raise ValueError(f"beams must be at least 1; got {beams}")
        self.label_smoothing = label_smoothing
        self.beams, self.length_penalty = beams, length_penalty
        self.tokenizer = tokenizer_from(spec.target_tokenizer)
        self.specials = Specials.of(self.tokenizer)

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

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """Mean cross-entropy in nats a token; padding does not count."""
        smoothing = self.label_smoothing if training else 0.0
        logits_NV, targets_N = outputs.flatten(0, 1), batch.targets.flatten()
        return F.cross_entropy(logits_NV, targets_N, ignore_index=PAD, label_smoothing=smoothing)

    def num_terms(self, batch: Batch) -> int:
        """Tokens that were predicted."""
        return int((batch.targets != PAD).sum())

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and the share of right next tokens; where nothing is learnt, whole answers too."""
        metrics: dict[str, Any] = {"loss": WeightedMean(), "token_accuracy": MeanMetric()}
        if split != "train":
            metrics["exact_match"] = MeanMetric()
        return MetricCollection(metrics, compute_groups=False)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor]:
        """Whether each real token was the likeliest."""
        real_BT = batch.targets != PAD
        return ((outputs.detach().argmax(dim=-1) == batch.targets)[real_BT].float(),)

    def update(self, metrics: MetricCollection, observed: tuple[Tensor]) -> None:
        """Single tokens say nothing of whole answers, which come by `update_whole`."""
        metrics["token_accuracy"].update(*observed)

    def update_whole(self, metrics: MetricCollection, net: nn.Module, batch: Batch) -> None:
        """Adds greedy answers to the sources: right to the last token, or not."""
        (source_BS, _), targets_BT = batch.inputs, batch.targets
        model: Any = net
        answers_BL = greedy_search(model, source_BS, max_length=model.max_target_length, specials=self.specials)
        metrics["exact_match"].update(are_same(answers_BL, targets_BT).float())

    def respond(self, net: nn.Module, inputs: Tensor) -> pa.Table:
        """The answer to each source, as text."""
        model: Any = net
        if self.beams == 1:
            answers_BL = greedy_search(model, inputs, max_length=model.max_target_length, specials=self.specials)
        else:
            answers_BL = beam_search(
                model,
                inputs,
                beams=self.beams,
                max_length=model.max_target_length,
                length_penalty=self.length_penalty,
                specials=self.specials,
            )
        return table_of(text=pa.array([self.tokenizer.decode(row) for row in answers_BL.tolist()], pa.string()))

    def answer(self, net: nn.Module, inputs: tuple[Tensor, Tensor]) -> Any:
        """Greedy search for as many tokens as a typical answer has."""
        source_BS, target_BT = inputs
        return greedy_search(net, source_BS, max_length=target_BT.shape[1])

    # What a finished run says of examples -----------------------------------------------------------------------------

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each example's share of ``metric``, shape ``(N,)``; see `bakeoff.tasks.translation.scores`."""
        return scores.score_examples(column(answers, "text"), column(labels, "reference"), metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name."""
        return scores.summarise(column(answers, "text"), column(labels, "reference"))

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
