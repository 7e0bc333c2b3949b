"""What classes' answers are worth, metric by metric: of all examples, and each example's share.

B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from bakeoff.statistics import pseudo_values_from_left_out, pseudo_values_from_sums
from bakeoff.tasks.classes.answered import Answered
from bakeoff.tasks.classes.calibration import calibration_bins, calibration_error
from bakeoff.tasks.classes.counts import AVERAGED, OF_POSITIVE, OF_SEVERAL, counts_by_example, counts_of_all, of_one
from bakeoff.tasks.classes.order import distances, quadratic_kappa, squares
from bakeoff.tasks.classes.ranks import RANKED, LeftOut, averaged

MOST_RANKED = 100
"""Classes up to which AUROC and average precision are measured: each takes a sort of all examples."""

OfTotals = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """The metrics of classes of one kind.

    Args:
        num_classes: K.
        several: whether an example may have several.
        positive: of two classes the one that is looked for.
        values_K: of ordered classes, where each lies; None for classes without an order.
        top_k: k of top-k accuracy; None for none.
    """

    num_classes: int
    several: bool = False
    positive: int = 1
    values_K: np.ndarray | None = None
    top_k: int | None = None

    def summarise(self, answered: Answered) -> dict[str, float]:
        """Every metric but the loss."""
        found = {name: float(mean(answered).mean()) for name, mean in self._means.items()}
        totals = counts_of_all(answered)
        found |= {name: float(metric(totals)) for name, metric in self._counted.items()}
        found |= {name: float(metric(sums(answered).sum(axis=0))) for name, (sums, metric) in self._summed.items()}
        return found | {name: self._ranked(answered, name).whole for name in self._ranked_names}

    def score_examples(self, answered: Answered, metric: str) -> np.ndarray:
        """Each example's share: its score, or the jackknife's pseudo-value of what is no mean of scores.

        Raises:
            ValueError: classes of this kind have no such metric.
        """
        if metric == "loss":
            return cross_entropy(answered)
        if metric in self._means:
            return self._means[metric](answered)
        if metric in self._counted:
            return pseudo_values_from_sums(counts_by_example(answered), self._counted[metric])
        if metric in self._summed:
            sums, of_totals = self._summed[metric]
            return pseudo_values_from_sums(sums(answered), of_totals)
        if metric in self._ranked_names:
            found = self._ranked(answered, metric)
            return pseudo_values_from_left_out(found.whole, found.without_B)
        raise ValueError(f"{metric} is not measured: {self.why_not(metric)}")

    @cached_property
    def _means(self) -> Mapping[str, Callable[[Answered], np.ndarray]]:
        found: dict[str, Callable[[Answered], np.ndarray]] = {"accuracy": accuracies}
        if self.top_k is not None:
            found["accuracy_top_k"] = partial(among_first, count=self.top_k)
        if self.values_K is not None:
            found["mae"] = partial(distances, values_K=self.values_K)
        return found

    @cached_property
    def _counted(self) -> Mapping[str, OfTotals]:
        if self.several:
            return OF_SEVERAL
        if self.num_classes > 2:
            return AVERAGED
        return {**AVERAGED, **{name: of_one(metric, self.positive) for name, metric in OF_POSITIVE.items()}}

    @cached_property
    def _summed(self) -> Mapping[str, tuple[Callable[[Answered], np.ndarray], OfTotals]]:
        found: dict[str, tuple[Callable[[Answered], np.ndarray], OfTotals]] = {}
        if not self.several:
            found["calibration_error"] = (_bins, calibration_error)
        if self.values_K is not None:
            found["kappa_quadratic"] = (partial(squares, values_K=self.values_K), quadratic_kappa)
        return found

    @property
    def _ranked_names(self) -> tuple[str, ...]:
        return tuple(RANKED) if self.num_classes <= MOST_RANKED else ()

    def _ranked(self, answered: Answered, name: str) -> LeftOut:
        one = [self.positive] if self.num_classes == 2 and not self.several else slice(None)
        return averaged(name, answered.probabilities_BK[:, one], answered.true_BK[:, one])

    def why_not(self, metric: str) -> str | None:
        """Why classes of this kind have no such metric; None where they have."""
        if metric in {"loss", *self._means, *self._counted, *self._summed, *self._ranked_names}:
            return None
        if metric in OF_POSITIVE:
            return "it is of two classes, one an example; there is the macro average"
        if metric in RANKED:
            return f"it is of up to {MOST_RANKED} classes, these are {self.num_classes}"
        if metric in ("mae", "kappa_quadratic"):
            return "it is of classes in an order, task.module.ordinal=true"
        return {
            "accuracy_top_k": "task.module.top_k says of how many",
            "calibration_error": "it is of one label an example",
        }.get(metric, "classes have no such metric")


def accuracies(answered: Answered) -> np.ndarray:
    """Whether each is right; of several labels, the share of its decisions that are."""
    right_BK = answered.said_BK == answered.true_BK
    return right_BK.mean(axis=1) if answered.several else right_BK.all(axis=1).astype(np.float64)


def among_first(answered: Answered, *, count: int) -> np.ndarray:
    """Whether the right class is among the ``count`` most probable ones, the first of equal ones before the others."""
    own_B = answered.true_B
    own_B1 = np.take_along_axis(answered.probabilities_BK, own_B[:, None], axis=1)
    before_BK = np.arange(answered.num_classes) < own_B[:, None]
    ahead_BK = (answered.probabilities_BK > own_B1) | (before_BK & (answered.probabilities_BK == own_B1))
    return (ahead_BK.sum(axis=1) < count).astype(np.float64)


def cross_entropy(answered: Answered) -> np.ndarray:
    """In nats, ``(B,)``; over several labels the mean of the classes' binary cross-entropies."""
    log_yes_BK = np.log(np.clip(answered.probabilities_BK, 1e-12, None))
    if not answered.several:
        return -(answered.true_BK * log_yes_BK).sum(axis=1)
    log_no_BK = np.log(np.clip(1 - answered.probabilities_BK, 1e-12, None))
    return -np.where(answered.true_BK, log_yes_BK, log_no_BK).mean(axis=1)


def class_shares(train_labels: np.ndarray, num_classes: int) -> np.ndarray:
    """How common each class was in training, shape ``(K,)``, float32."""
    if train_labels.ndim == 2:
        return train_labels.mean(axis=0).astype(np.float32)
    counts_K = np.bincount(train_labels, minlength=num_classes).astype(np.float32)
    return counts_K / counts_K.sum()


def _bins(answered: Answered) -> np.ndarray:
    """By the most probable class, whatever was decided."""
    confidence_B, said_B = answered.probabilities_BK.max(axis=1), answered.probabilities_BK.argmax(axis=1)
    return calibration_bins(confidence_B, said_B == answered.true_B)
