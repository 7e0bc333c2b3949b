"""What tasks that answer with class probabilities share: what is stored of each example, and what it is worth.

B batch, N examples, K classes.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import torch
from torch import nn
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MultilabelAccuracy

from bakeoff.data.batches.batch import Tree
from bakeoff.data.contract import Cases
from bakeoff.data.spec import ClassSpec
from bakeoff.tables import column, repeat_row, table_of
from bakeoff.tasks import class_scores
from bakeoff.tasks.contract import Task
from bakeoff.tasks.weighted_mean import WeightedMean

AnyClassSpec = TypeVar("AnyClassSpec", bound=ClassSpec)


class Classification(Task[AnyClassSpec], abc.ABC):
    """A task whose stored answers are class probabilities, ``(N, K)``; the scores are those of `class_scores`.

    Args:
        spec: what the data is; gives the classes, and whether an example may have several.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1); not with several labels.
    """

    metrics_declared = class_scores.METRICS

    def __init__(self, *, spec: AnyClassSpec, label_smoothing: float = 0.0) -> None:
        super().__init__(spec=spec)
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        if label_smoothing and spec.multi_label:
            raise ValueError("label_smoothing is for one label an example; these have several")
        self.label_smoothing = label_smoothing

    @property
    def num_classes(self) -> int:
        """K."""
        return self.spec.num_classes

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and accuracy; in validation what `bakeoff.tasks.class_scores` has too."""
        metrics: dict[str, Metric | MetricCollection] = {"loss": WeightedMean()}
        several = self.spec.multi_label
        if split != "train":
            make = class_scores.multi_label_metrics if several else class_scores.single_label_metrics
            metrics |= make(self.num_classes)
        elif several:
            metrics["accuracy"] = MultilabelAccuracy(self.num_classes, average="micro", validate_args=False)
        else:
            metrics["accuracy"] = MulticlassAccuracy(self.num_classes, average="micro", validate_args=False)
        return MetricCollection(metrics, compute_groups=False)

    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """Class probabilities: of several labels, each on its own."""
        logits_BK = net(inputs).float()
        found = torch.sigmoid(logits_BK) if self.spec.multi_label else torch.softmax(logits_BK, dim=1)
        return table_of(probabilities=found.cpu().numpy())

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each example's share of ``metric``, shape ``(N,)``."""
        return class_scores.score_examples(column(answers, "probabilities"), column(labels, "label"), metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name."""
        return class_scores.summarise(column(answers, "probabilities"), column(labels, "label"))

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """How common each class was in training, to every input."""
        shares_K = class_scores.class_shares(column(train.labels, "label"), self.num_classes)
        return repeat_row(table_of(probabilities=shares_K[None]), len(inputs))

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The class (or the classes above one half, parted by ``|``), its probability, and those of all classes."""
        names, probabilities_NK = self.spec.class_names, column(answers, "probabilities")
        if self.spec.multi_label:
            said = ["|".join(name for name, p in zip(names, row, strict=True) if p > 0.5) for row in probabilities_NK]
        else:
            said = [names[index] for index in probabilities_NK.argmax(axis=1)]
        shares = {f"p({name})": probabilities_NK[:, index] for index, name in enumerate(names)}
        return table_of(prediction=said, confidence=probabilities_NK.max(axis=1), **shares)
