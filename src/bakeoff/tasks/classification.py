"""What tasks that answer with class probabilities share: what is stored of each example, and what it is worth.

B batch, N examples, K classes.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MultilabelAccuracy

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.contract import Cases
from bakeoff.data.spec import ClassSpec
from bakeoff.ranges import AnyWholeNumber, Count, Fraction, NotNegative, Probability
from bakeoff.tables import column, repeat_row, table_of
from bakeoff.tasks.classes.answered import Answered, most_probable
from bakeoff.tasks.classes.facts import METRICS
from bakeoff.tasks.classes.loss import ClassLoss, ClassWeights
from bakeoff.tasks.classes.loss import class_weights as weights_of
from bakeoff.tasks.classes.order import class_values
from bakeoff.tasks.classes.overview import OfTrial, classes_drawn, overview
from bakeoff.tasks.classes.scores import MOST_RANKED, ClassScores, class_shares
from bakeoff.tasks.classes.threshold import ChosenBy, Threshold
from bakeoff.tasks.classes.validation import GatheredAnswers
from bakeoff.tasks.contract import Sealed, Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.explained import Explained
from bakeoff.tasks.weighted_mean import WeightedMean

ONE_SIDED = 0.9
"""Share of decisions that one answer gets right from which on accuracy is doubted."""
AnyClassSpec = TypeVar("AnyClassSpec", bound=ClassSpec)


class Classification(Task[AnyClassSpec], abc.ABC):
    """A task whose stored answers are class probabilities, ``(N, K)``; the scores are those of `tasks.classes`.

    Args:
        spec: what the data is; gives the classes, and whether an example may have several.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1); not with several labels.
        class_weights: of each class in the training loss: ``balanced`` by the train rows of each, or a number a class
            in the order of the classes; with several labels, of the presence of each. None: all alike.
        focal_gamma: terms of the training loss are multiplied by (1 - p) to this power, p the probability of what is
            right, so that what is learnt already counts less (Lin et al. 2017); 0 is cross-entropy.
        threshold: from which probability on the positive one of two classes, or one of several labels, is said: a
            number in (0, 1), or the metric that is to be best on validation, of each trial; None: the most probable
            class, or labels above a half.
        threshold_per_label: of several labels, a threshold for each; else one for all.
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
        label_smoothing: Fraction = 0.0,
        class_weights: ClassWeights | None = None,
        focal_gamma: NotNegative = 0.0,
        threshold: Probability | ChosenBy | None = None,
        threshold_per_label: bool = True,
        positive: str | AnyWholeNumber | None = None,
        ordinal: bool | Sequence[str | AnyWholeNumber] = False,
        top_k: Count | None = None,
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
        if not 0.0 <= focal_gamma < math.inf:
            raise ValueError(f"focal_gamma must be 0 or more; got {focal_gamma}")
        self.loss_of = ClassLoss(
            several=spec.multi_label,
            weights_K=weights_of(spec, class_weights),
            focal_gamma=focal_gamma,
            label_smoothing=label_smoothing,
        )
        self.scores = ClassScores(
            num_classes=spec.num_classes,
            several=spec.multi_label,
            positive=_positive(spec, positive),
            values_K=class_values(spec.class_names, ordinal),
            top_k=top_k,
        )
        self.threshold = None if threshold is None else self._threshold(threshold, per_label=threshold_per_label)

    @property
    def num_classes(self) -> int:
        """K."""
        return self.spec.num_classes

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """Mean cross-entropy in nats; labels ``(B,)``, shares of classes ``(B, K)``, or 0 and 1 of several labels."""
        return self.loss_of(outputs, batch.targets, training=training)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits, and the labels: the heaviest class where mixing made them soft."""
        targets: Tensor = batch.targets
        if not self.spec.multi_label and targets.ndim == 2:
            targets = targets.argmax(dim=1)
        return outputs.detach(), targets.long()

    def update(self, metrics: MetricCollection, observed: tuple[Tensor, Tensor]) -> None:
        """Makes probabilities of the logits, of several batches at once; the likeliest class is known without them."""
        logits_BK, labels = observed
        only_largest = "classes" not in metrics and not self.spec.multi_label
        super().update(metrics, (logits_BK if only_largest else self._probabilities(logits_BK), labels))

    def _probabilities(self, logits_BK: Tensor) -> Tensor:
        return torch.sigmoid(logits_BK.float()) if self.spec.multi_label else torch.softmax(logits_BK.float(), dim=1)

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
        return table_of(probabilities=self._probabilities(net(inputs)).cpu().numpy())

    @property
    def settles(self) -> bool:
        """Whether there is a threshold."""
        return self.threshold is not None

    def settle(self, answers: pa.Table, labels: pa.Table) -> dict[str, Any]:
        """The ``threshold`` of the positive class, or of each label, by name."""
        assert self.threshold is not None
        found = self.threshold.choose(column(answers, "probabilities"), column(labels, "label"))
        return {"threshold": dict(zip(self._decided_names, found.tolist(), strict=True))}

    def settled(self, answers: pa.Table, found: Mapping[str, Any]) -> pa.Table:
        """The answers with ``decisions``: what is said by the thresholds."""
        if self.threshold is None or "threshold" not in found:
            return answers
        thresholds = np.array([found["threshold"][name] for name in self._decided_names])
        decisions = self.threshold.decisions(column(answers, "probabilities"), thresholds)
        return table_of(**{name: answers[name] for name in answers.column_names}, decisions=decisions)

    @property
    def _decided_names(self) -> tuple[str, ...]:
        names = self.spec.class_names
        return names if self.spec.multi_label else (names[self.scores.positive],)

    def _threshold(self, rule: float | ChosenBy, *, per_label: bool) -> Threshold:
        if not self.spec.multi_label and self.num_classes != 2:
            raise ValueError(f"threshold is for two classes or several labels; these are {self.num_classes} classes")
        if not isinstance(rule, str) and not 0.0 < rule < 1.0:
            raise ValueError(f"threshold must be a probability above 0 and below 1; got {rule}")
        positive = None if self.spec.multi_label else self.scores.positive
        return Threshold(rule=rule, positive=positive, per_class=per_label)

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each example's share of ``metric``, shape ``(N,)``."""
        return self.scores.score_examples(_answered(answers, labels), metric)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name."""
        return self.scores.summarise(_answered(answers, labels))

    def _judge(self, probabilities_NK: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """By the threshold that is best for these answers, where validation chooses it."""
        answers, truth = table_of(probabilities=probabilities_NK), table_of(label=labels)
        return self.summarise(self.settled(answers, self.settle(answers, truth)) if self.settles else answers, truth)

    def unmeasured(self, metric: str) -> str | None:
        """By how many classes there are, whether an example may have several, and what the settings ask for."""
        return self.scores.why_not(metric)

    def doubts(self, metric: str) -> list[str]:
        """Accuracy where one answer to all examples is nearly always right."""
        counts_K = np.array(self.spec.class_counts, dtype=np.float64)
        if metric != "accuracy" or not counts_K.sum():
            return []
        shares_K = counts_K / self.spec.num_train
        right = np.maximum(shares_K, 1 - shares_K).mean() if self.spec.multi_label else shares_K.max()
        if right <= ONE_SIDED:
            return []
        others = "average_precision, balanced_accuracy or mcc"
        answer = "the same to every example" if self.spec.multi_label else self.spec.class_names[int(shares_K.argmax())]
        return [
            f"Always answering {answer} is right in {100 * right:.1f} % of the train decisions, so accuracy says "
            f"little of what is rare; task.metric={others} says more [metric.rare_class]"
        ]

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """How common each class was in training, to every input."""
        shares_K = class_shares(column(train.labels, "label"), self.num_classes)
        return repeat_row(table_of(probabilities=shares_K[None]), len(inputs))

    def explained_by(
        self,
        logits_of: Callable[..., Tensor],
        features: Tensor,
        *others: Tensor,
        drawn: Callable[[int, Mapping[str, np.ndarray], Cases, str, str], Exhibit],
        **places: Any,
    ) -> Explained:
        """The logit of each example's most probable class, and how probable that class still is.

        Args:
            logits_of: of ``(features, *others)``, ``(B, K)``.
            features: what is explained.
            others: what else the network is called with.
            drawn: as in `Explained`, with what was said and what is right too.
            places: what else `Explained` holds.
        """
        with torch.no_grad():
            shares_BK = self._probabilities(logits_of(features, *others))
            said_B1 = shares_BK.argmax(dim=1, keepdim=True)

        def driven(features: Tensor, *others: Tensor) -> Tensor:
            return logits_of(features, *others[:-1]).gather(1, others[-1])[:, 0]

        def kept(features: Tensor, *others: Tensor) -> Tensor:
            return self._probabilities(logits_of(features, *others[:-1])).gather(1, others[-1])[:, 0]

        def drawn_with_words(row: int, shares: Mapping[str, np.ndarray], case: Cases) -> Exhibit:
            said, label = int(said_B1[row]), column(case.labels, "label")[0]
            names, right = self.spec.class_names, np.flatnonzero(label) if self.spec.multi_label else [label]
            words = f"{names[said]} ({100 * float(shares_BK[row, said]):.0f} %)"
            return drawn(row, shares, case, words, ", ".join(names[int(index)] for index in right))

        others = (*others, said_B1)
        return Explained(features=features, others=others, driven=driven, kept=kept, drawn=drawn_with_words, **places)

    def overview(self, trials: Mapping[str, Iterable[Sealed]], labels: pa.Table) -> list[Exhibit]:
        """Precision against recall of the positive class or the rarest ones, and a table of all classes."""
        truth, spec = column(labels, "label"), self.spec
        true_NK = Answered.of(np.zeros((len(truth), spec.num_classes)), truth).true_BK
        positive = self.scores.positive if spec.num_classes == 2 and not spec.multi_label else None
        drawn = classes_drawn(true_NK, positive=positive)
        found = {
            name: [OfTrial.of(_answered(one.answers, labels), drawn, one.settled.get("threshold") or {}) for one in own]
            for name, own in trials.items()
        }
        found = {name: own for name, own in found.items() if own}
        return overview(spec.class_names, true_NK, found) if found and spec.num_classes <= MOST_RANKED else []

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The class that is said (or all that are, parted by ``|``), its probability, and those of all classes."""
        names, several = np.array(self.spec.class_names, dtype=object), self.spec.multi_label
        probabilities_NK = column(answers, "probabilities")
        decided = "decisions" in answers.column_names
        said = column(answers, "decisions") if decided else most_probable(probabilities_NK, several=several)
        shares = {f"p({name})": probabilities_NK[:, index] for index, name in enumerate(names)}
        if several:
            texts = ["|".join(names[row.astype(bool)]) for row in said]
            return table_of(prediction=texts, confidence=probabilities_NK.max(axis=1), **shares)
        confidence = np.take_along_axis(probabilities_NK, said[:, None], axis=1)[:, 0]
        return table_of(prediction=names[said].tolist(), confidence=confidence, **shares)

    def traits(self, predicted: pa.Table) -> dict[str, np.ndarray]:
        """The probability of each class."""
        return {name: column(predicted, name) for name in predicted.column_names if name.startswith("p(")}


def _answered(answers: pa.Table, labels: pa.Table) -> Answered:
    said = column(answers, "decisions") if "decisions" in answers.column_names else None
    return Answered.of(column(answers, "probabilities"), column(labels, "label"), said)


def _positive(spec: ClassSpec, name: str | int | None) -> int:
    """The number of the class that is looked for."""
    if name is None:
        return spec.rarest_class % spec.num_classes
    if spec.num_classes != 2 or spec.multi_label or str(name) not in spec.class_names:
        shown = ", ".join(spec.class_names[:5])
        raise ValueError(f"positive names one of two classes, one an example; got {name} for {shown}")
    return spec.class_names.index(str(name))
