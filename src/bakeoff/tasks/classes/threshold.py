"""From which probability on a class is said: a number, or what was best on validation.

B batch, K classes, C thresholds that are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from bakeoff.tasks.classes.counts import balanced_accuracy, f1_macro, mcc, of_one

ChosenBy: TypeAlias = Literal["f1", "balanced_accuracy", "mcc"]
_QUALITY: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "f1": of_one(f1_macro, 1),
    "balanced_accuracy": balanced_accuracy,
    "mcc": mcc,
}
"""Of totals of two classes, of which the second is the one that is said or not."""
HALF = 0.5
MOST_TRIED = 10_000


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """How decisions are made.

    Args:
        rule: a probability, or the metric that is to be best on validation.
        positive: of two classes, one an example, the one that the probability is of; None where examples may have
            several classes, each with a probability of its own.
        per_class: with several classes, one threshold for each; else one for all.
    """

    rule: float | ChosenBy
    positive: int | None
    per_class: bool = True

    def choose(self, probabilities_BK: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The threshold of the positive class, ``(1,)``, or those of all, ``(K,)``."""
        if self.positive is not None:
            scores_BK, true_BK = probabilities_BK[:, [self.positive]], labels[:, None] == self.positive
        else:
            scores_BK, true_BK = probabilities_BK, labels.astype(bool)
        count = scores_BK.shape[1]
        if not isinstance(self.rule, str):
            return np.full(count, float(self.rule))
        if not self.per_class:
            return np.full(count, best_threshold(scores_BK, true_BK, by=self.rule))
        return np.array([best_threshold(scores_BK[:, [k]], true_BK[:, [k]], by=self.rule) for k in range(count)])

    def decisions(self, probabilities_BK: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        """What is said: the class of each, ``(B,)`` int64, or 0 and 1 for each class, ``(B, K)`` uint8."""
        if self.positive is None:
            return (probabilities_BK >= thresholds).astype(np.uint8)
        is_positive_B = probabilities_BK[:, self.positive] >= thresholds[0]
        return np.where(is_positive_B, self.positive, 1 - self.positive).astype(np.int64)


def best_threshold(scores_BK: np.ndarray, true_BK: np.ndarray, *, by: ChosenBy) -> float:
    """What makes the mean over classes largest, halfway between two scores; a half where there is nothing to go by.

    Of thresholds that are equally good, the middle one. Classes without an example don't count.
    """
    occurs_K = true_BK.any(axis=0)
    if not occurs_K.any() or not np.isfinite(scores_BK).all():
        return HALF
    scores_BK, true_BK = scores_BK[:, occurs_K], true_BK[:, occurs_K]
    values = np.unique(scores_BK.astype(np.float64))
    tried_C = np.concatenate([values[:1] / 2, (values[1:] + values[:-1]) / 2])
    if len(tried_C) > MOST_TRIED:
        tried_C = tried_C[np.linspace(0, len(tried_C) - 1, MOST_TRIED).astype(int)]
    columns = zip(scores_BK.T, true_BK.T, strict=True)
    quality_C = np.mean([_QUALITY[by](_totals(scores_B, true_B, tried_C)) for scores_B, true_B in columns], axis=0)
    best = np.flatnonzero(quality_C >= quality_C.max() - 1e-12)
    return float(tried_C[best[len(best) // 2]])


def _totals(scores_B: np.ndarray, true_B: np.ndarray, tried_C: np.ndarray) -> np.ndarray:
    """Totals as in `counts` of two classes, no and yes, at each threshold, ``(C, 7)``."""
    count, num_true = len(scores_B), int(true_B.sum())
    said_C = count - np.searchsorted(np.sort(scores_B), tried_C)
    right_C = num_true - np.searchsorted(np.sort(scores_B[true_B]), tried_C)
    right_no_C = count - said_C - (num_true - right_C)
    same_C = np.ones(len(tried_C))
    sums = [right_no_C, right_C, count - said_C, said_C, (count - num_true) * same_C, num_true * same_C, count * same_C]
    return np.stack(sums, axis=1).astype(np.float64)
