"""What answers to a probe are worth: accuracy, loss and, of numbers, squared error.

B examples, T time steps, K classes.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bakeoff.metrics import MetricFacts
from bakeoff.tables import column

NEAR = 0.04
"""How near a number must come to count as right (Hochreiter and Schmidhuber 1997, section 5.4)."""
BLANK = 0
"""The class of steps at which nothing is due: right or wrong there does not enter the accuracy."""
RANGE_ENDS = (100, 200, 300, 400, 500)
"""Lengths by which accuracy is told apart where test sequences differ in length."""
METRICS = (
    MetricFacts.share("accuracy", "accuracy", "The share of answers that are right; of numbers, those within 0.04."),
    MetricFacts.error(
        "loss",
        "loss",
        "The mean cross-entropy of the right answers in nats; of numbers, the mean squared error.",
    ),
    MetricFacts.error("mse", "mse", "The mean squared error, of numbers."),
)
"""What is measured of answers to a probe."""


def score_examples(answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
    """Each example's share of ``accuracy``, ``loss`` or ``mse``, shape ``(B,)``; each metric is their mean.

    Raises:
        ValueError: another metric, or ``mse`` of classes.
    """
    is_number = "numbers" in answers.column_names
    if metric not in (("accuracy", "loss", "mse") if is_number else ("accuracy", "loss")):
        raise ValueError(f"an example's share is known of accuracy, loss and, of numbers, mse; got {metric}")
    targets = column(labels, "target")
    if is_number:
        errors_B = column(answers, "numbers").astype(np.float64) - targets
        return (np.abs(errors_B) < NEAR).astype(np.float64) if metric == "accuracy" else errors_B**2
    share = _accuracies if metric == "accuracy" else _losses
    return share(column(answers, "probabilities").astype(np.float64), targets)


def summarise(answers: pa.Table, labels: pa.Table) -> dict[str, float]:
    """All metrics of a set of answers, by name; ``accuracy_41_100`` is that of lengths from 41 to 100."""
    names = ("accuracy", "loss", "mse") if "numbers" in answers.column_names else ("accuracy", "loss")
    scores = {name: score_examples(answers, labels, name) for name in names}
    lengths = column(answers, "lengths") if "lengths" in answers.column_names else None
    means = {name: float(values_B.mean()) for name, values_B in scores.items()}
    return means | _by_length(scores["accuracy"], lengths)


def _accuracies(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    right = (probabilities.argmax(axis=-1) == labels).astype(np.float64)
    if labels.ndim == 1:
        return right
    due_BT = labels != BLANK
    return (right * due_BT).sum(axis=1) / np.maximum(due_BT.sum(axis=1), 1)


def _losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    given = np.take_along_axis(probabilities, labels[..., None], axis=-1)[..., 0]
    losses = -np.log(np.clip(given, 1e-12, None))
    return losses if labels.ndim == 1 else losses.mean(axis=1)


def _by_length(accuracies_B: np.ndarray, lengths_B: np.ndarray | None) -> dict[str, float]:
    """Accuracy in each range of lengths; nothing where all are of one length."""
    if lengths_B is None or lengths_B.min() == lengths_B.max():
        return {}
    found, start = {}, int(lengths_B.min())
    for end in (*RANGE_ENDS, int(lengths_B.max())):
        inside_B = (start <= lengths_B) & (lengths_B <= end)
        if inside_B.any():
            found[f"accuracy_{start}_{end}"] = float(accuracies_B[inside_B].mean())
        start = max(start, end + 1)
    return found
