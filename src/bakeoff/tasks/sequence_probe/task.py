"""Stress tests of sequence models with published results; not one of the project's tasks, but a check of its models.

The adding problem, copy memory, associative recall, parity and modular arithmetic (`bakeoff.data.probes`).

B batch, T time steps, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases
from bakeoff.data.probes.spec import PAD, ProbeSpec
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.tables import column, repeat_row, table_of
from bakeoff.tasks.contract import MakeBackbone, Task
from bakeoff.tasks.sequence_probe import scores
from bakeoff.tasks.sequence_probe.network import ProbeNetwork
from bakeoff.tasks.sequence_probe.scores import BLANK, NEAR
from bakeoff.tasks.tokens import TokenStem
from bakeoff.tasks.weighted_mean import WeightedMean


class SequenceProbe(Task[ProbeSpec]):
    """Cross-entropy on classes, squared error on numbers; accuracy (in [0, 1], higher is better), loss, and ``mse``.

    Accuracy is that of the last step, or over all steps at which a symbol is due. A number counts as right where it is
    within 0.04. Where test sequences differ in length, accuracy is told by range of lengths too.

    Args:
        spec: what the probe asks.
    """

    metrics_declared = scores.METRICS
    trivial_words = "always answering what is most frequent in training, or the mean"

    def network(self, make: MakeBackbone, *, embedding_width: int = 64, causal: bool = True) -> nn.Module:
        """The backbone with the shared stem and head."""
        spec, backbone = self.spec, make(causal=causal, cross_attention=False)
        assert isinstance(backbone, SequenceBackbone)
        width = backbone.width
        if spec.channels:
            stem: nn.Module = nn.Linear(spec.channels, width)
        else:
            stem = TokenStem(vocab_size=spec.vocab_size, embedding_width=embedding_width, width=width)
        return ProbeNetwork(backbone, stem=stem, spec=spec)

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """Mean cross-entropy in nats, over all steps that have an answer, or mean squared error."""
        if outputs.ndim == 1:
            return F.mse_loss(outputs, batch.targets)
        return F.cross_entropy(outputs.flatten(0, -2), batch.targets.flatten())

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """What is right, and what counts, one number an answer each."""
        targets: Tensor = batch.targets
        if outputs.ndim == 1:
            return ((outputs - targets).abs() < NEAR).float().detach(), torch.ones_like(targets)
        right = (outputs.argmax(dim=-1) == targets).float()
        counts = torch.ones_like(right) if targets.ndim == 1 else (targets != BLANK).float()
        return right.flatten(), counts.flatten()

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss, and accuracy as a mean of what is right, weighted by what counts."""
        return MetricCollection({"loss": WeightedMean(), "accuracy": MeanMetric()}, compute_groups=False)

    def derived(self, values: dict[str, float]) -> dict[str, float]:
        """Where the answer is a number the loss once more, as ``mse``."""
        return {"mse": values["loss"]} if self.spec.num_classes == 0 else {}

    def respond(self, net: nn.Module, inputs: Tensor) -> pa.Table:
        """A number, or probabilities ``(K,)`` or ``(T, K)``, of each sequence; of tokens, its length too."""
        outputs = net(inputs).float()
        if outputs.ndim == 1:
            found = {"numbers": outputs.cpu().numpy()}
        else:
            found = {"probabilities": torch.softmax(outputs, dim=-1).cpu().numpy()}
        if not inputs.is_floating_point():
            found["lengths"] = (inputs != PAD).sum(dim=1).cpu().numpy()
        return table_of(**found)

    score_examples = staticmethod(scores.score_examples)
    summarise = staticmethod(scores.summarise)

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """The mean of training, or how common each class was there, at each step where each has an answer."""
        targets, num_classes = column(train.labels, "target"), self.spec.num_classes
        if num_classes == 0:
            return repeat_row(table_of(numbers=np.array([targets.mean()], dtype=np.float32)), len(inputs))
        shares = np.stack([(targets == k).mean(axis=0) for k in range(num_classes)], axis=-1)
        return repeat_row(table_of(probabilities=shares.astype(np.float32)[None]), len(inputs))

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The number, or the class, that is answered at the last step, or at each."""
        if "numbers" in answers.column_names:
            return table_of(prediction=column(answers, "numbers"))
        return table_of(prediction=column(answers, "probabilities").argmax(axis=-1))
