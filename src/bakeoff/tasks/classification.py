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
from bakeoff.tasks.classes.answered import Answered
from bakeoff.tasks.classes.facts import METRICS
from bakeoff.tasks.classes.order import class_values
from bakeoff.tasks.classes.scores import ClassScores, class_shares
from bakeoff.tasks.classes.validation import GatheredAnswers
from bakeoff.tasks.contract import Task
from bakeoff.tasks.weighted_mean import WeightedMean

AnyClassSpec = TypeVar("AnyClassSpec", bound=ClassSpec)


class Classification(Task[AnyClassSpec], abc.ABC):
    """A task whose stored answers are class probabilities, ``(N, K)``; the scores are those of `tasks.classes`.

    Args:
        spec: what the data is; gives the classes, and whether an example may have several.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1); not with several labels.
        positive: of two classes the one that is looked for, by name: F1, precision, recall, AUROC and average precision
            are of it; None: the rarer one.
        ordinal: the classes have an order, of which mean absolute error and quadratic kappa are measured: ``true`` for
            numbers, such as 1 to 5 stars, or the classes in their order.
        top_k: also measure how often the right class is among the k most probable ones; None does not.
    """

    metrics_declared = METRICS

    def __init__(
        self,
        *,
        spec: AnyClassSpec,
        label_smoothing: float = 0.0,
        positive: str | int | None = None,
        ordinal: bool | Sequence[str | int] = False,
        top_k: int | None = None,
    ) -> None:
        super().__init__(spec=spec)
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        if label_smoothing and spec.multi_label:
            raise ValueError("label_smoothing is for one label an example; these have several")
        if ordinal and spec.multi_label:
            raise ValueError("ordinal is for one label an example; these have several")
        if top_k is not None and (spec.multi_label or not 1 <= top_k < spec.num_classes):
            raise ValueError(f"top_k must be 1 or more, below the {spec.num_classes} classes of one label; got {top_k}")
        self.label_smoothing = label_smoothing
        self.scores = ClassScores(
            num_classes=spec.num_classes,
            several=spec.multi_label,
            positive=_positive(spec, positive),
            values_K=class_values(spec.class_names, ordinal),
            top_k=top_k,
        )

    @property
    def num_classes(self) -> int:
        """K."""
        return self.spec.num_classes

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and accuracy; in validation all that the test is judged by."""
        metrics: dict[str, Metric | MetricCollection] = {"loss": WeightedMean()}
        if split != "train":
            metrics["classes"] = GatheredAnswers(self._judge)
        elif self.spec.multi_label:
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
        return self.scores.score_examples(_answered(answers, labels), metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name."""
        return self.scores.summarise(_answered(answers, labels))

    def _judge(self, probabilities_NK: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        return self.summarise(table_of(probabilities=probabilities_NK), table_of(label=labels))

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """How common each class was in training, to every input."""
        shares_K = class_shares(column(train.labels, "label"), self.num_classes)
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


def _answered(answers: pa.Table, labels: pa.Table) -> Answered:
    return Answered.of(column(answers, "probabilities"), column(labels, "label"))


def _positive(spec: ClassSpec, name: str | int | None) -> int:
    """The number of the class that is looked for."""
    if name is None:
        return spec.rarest_class % spec.num_classes
    if spec.num_classes != 2 or spec.multi_label or str(name) not in spec.class_names:
        shown = ", ".join(spec.class_names[:5])
        raise ValueError(f"positive names one of two classes, one an example; got {name} for {shown}")
    return spec.class_names.index(str(name))
