"""What tasks that write their answers token by token share: teacher forcing, search, and scores against references.

B batch, T target tokens, L tokens of an answer, V target vocabulary, N examples.
"""

from __future__ import annotations

import abc
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.spec import Spec
from bakeoff.data.text.spec import PAD
from bakeoff.data.text.tokenizer import Tokenizer
from bakeoff.tables import table_of
from bakeoff.tasks.contract import Task
from bakeoff.tasks.weighted_mean import WeightedMean
from bakeoff.tasks.written import scores
from bakeoff.tasks.written.search import Specials, are_same, beam_search, greedy_search

AnySpec = TypeVar("AnySpec", bound=Spec)


class Writing(Task[AnySpec], abc.ABC):
    """Cross-entropy on the next token; whole answers are searched for, and compared with references.

    A batch's inputs are what is answered and the tokens so far, of which the first is the start token. The network has
    ``initial_state`` (of what is answered), ``step`` and ``max_target_length``.

    Args:
        spec: what the data is.
        tokenizer: of the answers.
        label_smoothing: mass moved from the right token to all alike, in [0, 1).
        beams: answers kept side by side in the final search; 1 is greedy.
        length_penalty: of beam search.
    """

    def __init__(
        self, *, spec: AnySpec, tokenizer: Tokenizer, label_smoothing: float, beams: int, length_penalty: float
    ) -> None:
        super().__init__(spec=spec)
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        if beams < 1:
            raise ValueError(f"beams must be at least 1; got {beams}")
        self.label_smoothing = label_smoothing
        self.beams, self.length_penalty = beams, length_penalty
        self.tokenizer = tokenizer
        self.specials = Specials.of(tokenizer)

    def next_tokens(self, targets: Tree) -> Tensor:
        """The tokens that training asks for, shape ``(B, T)``, of a batch's targets."""
        assert isinstance(targets, Tensor)
        return targets

    def are_right(self, answers_BL: Tensor, targets: Tree) -> Tensor:
        """Whether each answer is right to the last token, shape ``(B,)``."""
        return are_same(answers_BL, self.next_tokens(targets))

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """Mean cross-entropy in nats a token; padding does not count."""
        smoothing = self.label_smoothing if training else 0.0
        logits_NV, targets_N = outputs.flatten(0, 1), self.next_tokens(batch.targets).flatten()
        return F.cross_entropy(logits_NV, targets_N, ignore_index=PAD, label_smoothing=smoothing)

    def num_terms(self, batch: Batch) -> int:
        """Tokens that were predicted."""
        return int((self.next_tokens(batch.targets) != PAD).sum())

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and the share of right next tokens; where nothing is learnt, whole answers too."""
        metrics: dict[str, Any] = {"loss": WeightedMean(), "token_accuracy": MeanMetric()}
        if split != "train":
            metrics["exact_match"] = MeanMetric()
        return MetricCollection(metrics, compute_groups=False)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor]:
        """Whether each real token was the likeliest."""
        targets_BT = self.next_tokens(batch.targets)
        return ((outputs.detach().argmax(dim=-1) == targets_BT)[targets_BT != PAD].float(),)

    def update(self, metrics: MetricCollection, observed: tuple[Tensor]) -> None:
        """Single tokens say nothing of whole answers, which come by `update_whole`."""
        metrics["token_accuracy"].update(*observed)

    def update_whole(self, metrics: MetricCollection, net: nn.Module, batch: Batch) -> None:
        """Adds greedy answers: right to the last token, or not."""
        model: Any = net
        asked, _ = batch.inputs
        answers_BL = greedy_search(model, asked, max_length=model.max_target_length, specials=self.specials)
        metrics["exact_match"].update(self.are_right(answers_BL, batch.targets).float())

    def respond(self, net: nn.Module, inputs: Tensor) -> pa.Table:
        """The answer to each input, as text."""
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
        asked, target_BT = inputs
        return greedy_search(net, asked, max_length=target_BT.shape[1])

    # What a finished run says of examples -----------------------------------------------------------------------------

    def texts(self, answers: pa.Table) -> list[str]:
        """The answers, as they are compared with references."""
        return answers["text"].to_pylist()

    @abc.abstractmethod
    def references(self, labels: pa.Table) -> list[list[str]]:
        """What each example should be answered with: one text or several, any of which will do."""

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each example's share of ``metric``, shape ``(N,)``; see `bakeoff.tasks.written.scores`."""
        return scores.score_examples(self.texts(answers), self.references(labels), metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """Those metrics of a set of answers that `bakeoff.tasks.written.scores` knows, by name."""
        names = [facts.name for facts in self.metrics_declared if facts.name in scores.KNOWN]
        return scores.summarise(self.texts(answers), self.references(labels), names)
