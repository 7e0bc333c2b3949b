"""What a classifier's probabilities are worth: metrics, and each example's share of them.

One label an example: probabilities ``(B, K)`` that sum to 1, labels ``(B,)``. Any number of labels an example: each
probability on its own, labels ``(B, K)`` of 0 and 1; a class counts as said above a probability of a half.

B batch, K classes.
"""

from __future__ import annotations

import numpy as np
import torch
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MultilabelAccuracy,
    MultilabelF1Score,
)

from bakeoff.metrics import MetricFacts
from bakeoff.statistics import pseudo_values_from_sums
from bakeoff.tasks.calibration import CalibrationError, calibration_bins, calibration_error

METRICS = (
    MetricFacts(
        name="accuracy",
        label="accuracy",
        direction="maximize",
        perfect=1.0,
        unit="fraction",
        meaning="The share of examples that are answered right; of several labels, of all decisions.",
    ),
    MetricFacts(
        name="f1_macro",
        label="macro-F1",
        direction="maximize",
        perfect=1.0,
        unit="fraction",
        is_mean=False,
        meaning="The harmonic mean of precision and recall, averaged over classes: rare classes count fully.",
    ),
    MetricFacts(
        name="calibration_error",
        label="calibration error",
        direction="minimize",
        perfect=0.0,
        unit="fraction",
        is_mean=False,
        meaning="How far the stated confidence is from the share that is right; 0 is perfect.",
    ),
    MetricFacts(
        name="loss",
        label="loss",
        direction="minimize",
        perfect=0.0,
        meaning="The mean cross-entropy of the right classes, in nats.",
    ),
)
"""What is measured of class probabilities."""


def single_label_metrics(num_classes: int) -> dict[str, Metric | MetricCollection]:
    """Accuracy over examples, macro-F1 and expected calibration error of ``(B, K)`` probabilities against labels."""
    return {
        "accuracy": MulticlassAccuracy(num_classes, average="micro"),
        "f1_macro": MulticlassF1Score(num_classes, average="macro"),
        "calibration_error": CalibrationError(),
    }


def multi_label_metrics(num_classes: int) -> dict[str, Metric | MetricCollection]:
    """Share of right decisions (of example and class), and macro-F1 over all classes, of ``(B, K)`` scores."""
    return {
        "accuracy": MultilabelAccuracy(num_classes, average="micro"),
        "f1_macro": MultilabelF1Score(num_classes, average="macro"),
    }


def score_examples(probabilities_BK: np.ndarray, labels: np.ndarray, metric: str) -> np.ndarray:
    """Each example's share of ``metric``, shape ``(B,)``.

    Accuracy and loss are means over examples; of macro-F1 and calibration error, the jackknife's pseudo-values.
    """
    probabilities_BK = probabilities_BK.astype(np.float64)
    said_BK, true_BK = _decisions(probabilities_BK, labels)
    if metric == "accuracy":
        right_BK = said_BK == true_BK
        return (right_BK.mean(axis=1) if labels.ndim == 2 else right_BK.all(axis=1)).astype(np.float64)
    if metric == "loss":
        return _cross_entropy(probabilities_BK, true_BK, multi_label=labels.ndim == 2)
    if metric == "f1_macro":
        sums_BN = np.concatenate([said_BK * true_BK, said_BK * (1 - true_BK), (1 - said_BK) * true_BK], axis=1)
        return pseudo_values_from_sums(sums_BN, _macro_f1_of_all if labels.ndim == 2 else _macro_f1)
    bins_BN = calibration_bins(probabilities_BK.max(axis=1), probabilities_BK.argmax(axis=1) == labels)
    return pseudo_values_from_sums(bins_BN, calibration_error)


def summarise(probabilities_BK: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """All metrics of a set of predictions, by name."""
    make = multi_label_metrics if labels.ndim == 2 else single_label_metrics
    collection = MetricCollection(make(probabilities_BK.shape[1]), compute_groups=False)
    values = collection(torch.tensor(probabilities_BK), torch.tensor(np.asarray(labels, dtype=np.int64)))
    return {name: float(value) for name, value in values.items()}


def class_shares(train_labels: np.ndarray, num_classes: int) -> np.ndarray:
    """How common each class was in training, shape ``(K,)``, float32."""
    if train_labels.ndim == 2:
        return train_labels.mean(axis=0).astype(np.float32)
    counts_K = np.bincount(train_labels, minlength=num_classes).astype(np.float32)
    return counts_K / counts_K.sum()


def _decisions(probabilities_BK: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is said and what is true, as 0 and 1, ``(B, K)`` each."""
    if labels.ndim == 2:
        return (probabilities_BK > 0.5).astype(np.float64), labels.astype(np.float64)
    every_KK = np.eye(probabilities_BK.shape[1])
    return every_KK[probabilities_BK.argmax(axis=1)], every_KK[labels]


def _cross_entropy(probabilities_BK: np.ndarray, true_BK: np.ndarray, *, multi_label: bool) -> np.ndarray:
    """In nats, ``(B,)``; over several labels the mean of the classes' binary cross-entropies."""
    log_yes_BK = np.log(np.clip(probabilities_BK, 1e-12, None))
    if not multi_label:
        return -(true_BK * log_yes_BK).sum(axis=1)
    log_no_BK = np.log(np.clip(1 - probabilities_BK, 1e-12, None))
    return -(true_BK * log_yes_BK + (1 - true_BK) * log_no_BK).mean(axis=1)


def _macro_f1(totals: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that occur, from ``(..., 3 K)`` totals."""
    f1, occurs = _f1(totals)
    return f1.sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)


def _macro_f1_of_all(totals: np.ndarray) -> np.ndarray:
    """Mean F1 over all classes, 0 for one that does not occur, from ``(..., 3 K)`` totals."""
    return _f1(totals)[0].mean(axis=-1)


def _f1(totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F1 of each class, and whether it occurs: among the labels or among what was said."""
    right, extra, missed = np.split(totals, 3, axis=-1)
    weight = 2 * right + extra + missed
    return np.divide(2 * right, weight, out=np.zeros_like(right), where=weight > 0), weight > 0
