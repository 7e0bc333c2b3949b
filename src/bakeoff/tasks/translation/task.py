"""Translation, learnt with teacher forcing and judged on what greedy or beam search writes.

B batch, S source tokens, T target tokens, V target vocabulary, N examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.spec import Inputs
from bakeoff.data.text.spec import PAD, TextPairSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import SequenceBackbone, TokenModel
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.translation import scores
from bakeoff.tasks.translation.attention_map import attention_map
from bakeoff.tasks.translation.network import EncoderDecoder, PretrainedEncoderDecoder
from bakeoff.tasks.translation.search import Specials, beam_search, greedy_search
from bakeoff.training.loop.module import Batch, MakeBackbone, OptimizerFactory, Predictions, TaskModule
from bakeoff.training.loop.schedules import Schedule


class Translation(TaskModule):
    """Cross-entropy on the next target token; exact match, BLEU and chrF of what search writes (higher is better).

    In validation, ``exact_match`` is that of greedy search token by token, and ``token_accuracy`` that of the next
    token after the right ones.

    Args:
        net: an `EncoderDecoder`.
        spec: what the data is; gives the target's tokenizer.
        label_smoothing: mass moved from the right token to all alike, in [0, 1).
        beams: answers kept side by side in the final search; 1 is greedy.
        length_penalty: of beam search.
    """

    trivial_words = "always answering the most frequent translation of training"
    test_only = frozenset({"bleu", "chrf"})

    def __init__(
        self,
        *,
        net: nn.Module,
        spec: TextPairSpec,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Callable[[Inputs, Tensor], Batch] | None = None,
        gradient_clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        beams: int = 1,
        length_penalty: float = 0.6,
        seed: int = 0,
    ) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        if beams < 1:
            raise ValueError(f"beams must be at least 1; got {beams}")
        super().__init__(
            net=net,
            optimizer=optimizer,
            schedule=schedule,
            augment=augment,
            gradient_clip_norm=gradient_clip_norm,
            seed=seed,
        )
        self.label_smoothing = label_smoothing
        self.beams, self.length_penalty = beams, length_penalty
        self.tokenizer = tokenizer_from(spec.target_tokenizer)
        self.specials = Specials.of(self.tokenizer)

    @staticmethod
    def network(make: MakeBackbone, spec: TextPairSpec, *, embedding_width: int = 64) -> nn.Module:
        """Encoder and decoder of the configured model, with the shared stems and tied head."""
        encoder = make(causal=False, cross_attention=False)
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

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats a token; padding does not count."""
        smoothing = self.label_smoothing if self.training else 0.0
        logits_NV, targets_N = outputs.flatten(0, 1), targets.flatten()
        return F.cross_entropy(logits_NV, targets_N, ignore_index=PAD, label_smoothing=smoothing)

    def observe(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Whether each real token was the likeliest, and nothing beside."""
        real_BT = targets != PAD
        return (outputs.detach().argmax(dim=-1) == targets)[real_BT].float(), targets.new_empty(0)

    def loss_weight(self, targets: Tensor) -> int:
        """Tokens that were predicted."""
        return int((targets != PAD).sum())

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and the share of right next tokens; where nothing is learnt, whole answers too."""
        metrics: dict[str, Any] = {"loss": MeanMetric(), "token_accuracy": TokenAccuracy()}
        if split != "train":
            metrics["exact_match"] = ExactMatch()
        return MetricCollection(metrics, compute_groups=False)

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Adds a batch, and greedy answers to its sources, to the validation metrics."""
        self._add_answers("val", batch)
        super().validation_step(batch, batch_index)

    def test_step(self, batch: Batch, batch_index: int) -> None:
        """Adds a batch, and greedy answers to its sources, to the test metrics."""
        self._add_answers("test", batch)
        super().test_step(batch, batch_index)

    def _add_answers(self, split: str, batch: Batch) -> None:
        (source_BS, _), targets_BT = batch
        net: Any = self.net
        answers_BL = greedy_search(net, source_BS, max_length=net.max_target_length, specials=self.specials)
        metric: Any = self._collection(split)["exact_match"]
        metric.add(answers_BL, targets_BT)

    def respond(self, inputs: Inputs) -> Predictions:
        """The answer to each source, as text."""
        assert isinstance(inputs, Tensor)
        net: Any = self.net
        if self.beams == 1:
            answers_BL = greedy_search(net, inputs, max_length=net.max_target_length, specials=self.specials)
        else:
            answers_BL = beam_search(
                net,
                inputs,
                beams=self.beams,
                max_length=net.max_target_length,
                length_penalty=self.length_penalty,
                specials=self.specials,
            )
        return {"text": np.array([self.tokenizer.decode(row) for row in answers_BL.tolist()], dtype=np.str_)}

    # What a finished run says of examples: used on sealed predictions, away from training -----------------------------

    @staticmethod
    def answer(net: nn.Module, inputs: Inputs) -> Any:
        """Greedy search for as many tokens as a typical answer has."""
        source_BS, target_BT = inputs
        return greedy_search(net, source_BS, max_length=target_BT.shape[1])

    @staticmethod
    def illustrate(net: nn.Module, examples: Sequence[Any], spec: TextPairSpec) -> list[dict[str, Any]]:
        """Greedy answers, with what the decoder attended to (the mean over its layers)."""
        return [illustration for source in examples for illustration in attention_map(net, str(source), spec)]

    @staticmethod
    def predictions(outputs: Tensor) -> Predictions:
        """The likeliest token at each place under teacher forcing, shape ``(B, T)``."""
        return {"tokens": outputs.argmax(dim=-1).cpu().numpy()}

    @staticmethod
    def score_examples(predictions: Predictions, labels: np.ndarray, metric: str) -> np.ndarray:
        """Each example's share of ``metric``, shape ``(N,)``; see `bakeoff.tasks.translation.scores`."""
        return scores.score_examples(predictions["text"], labels, metric)

    @staticmethod
    def summarise(predictions: Predictions, labels: np.ndarray) -> dict[str, float]:
        """All metrics of a set of answers, by name."""
        return scores.summarise(predictions["text"], labels)

    @staticmethod
    def trivial_predictions(train_labels: np.ndarray, num_examples: int, spec: TextPairSpec) -> Predictions:
        """The most frequent translation of training, to everything."""
        most_frequent = Counter(train_labels.tolist()).most_common(1)[0][0]
        return {"text": np.full(num_examples, most_frequent)}


class TokenAccuracy(MeanMetric):
    """The share of tokens that were right."""

    def update(self, right_N: Tensor, _: Tensor) -> None:  # type: ignore[override]  # metrics are given targets too
        """Adds tokens, 1 where right."""
        super().update(right_N)


class ExactMatch(MeanMetric):
    """The share of answers that are right to the last token."""

    def update(self, _: Tensor, __: Tensor) -> None:  # type: ignore[override]  # whole answers come by `add`
        """Nothing: single tokens say nothing of whole answers."""

    def add(self, answers_BL: Tensor, targets_BT: Tensor) -> None:
        """Adds answers, padded as the targets are."""
        longest = max(answers_BL.shape[1], targets_BT.shape[1])
        answers_BL, targets_BT = (F.pad(x, (0, longest - x.shape[1]), value=PAD) for x in (answers_BL, targets_BT))
        super().update((answers_BL == targets_BT).all(dim=1).float())
