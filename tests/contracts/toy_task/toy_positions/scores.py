"""What lists of positions are worth: F1 over all positions of all examples, which is no mean over examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from torchmetrics import Metric

from bakeoff.metrics import MetricFacts
from bakeoff.statistics.pseudo import pseudo_values_from_sums

METRICS = (
    MetricFacts.share(
        "position_f1",
        "position F1",
        "The harmonic mean of precision and recall of all marked positions of all sequences together.",
        is_mean=False,
    ),
    MetricFacts.error("loss", "loss", "The mean binary cross-entropy of a sequence's steps, in nats."),
)


class PositionF1(Metric):
    """F1 from counts of right, wrong and missed positions ``(B, 3)``."""

    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("counts", torch.zeros(3, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, counts_B3: Tensor) -> None:
        """Adds a batch."""
        self.counts += counts_B3.sum(dim=0)

    def compute(self) -> Tensor:
        """Of everything added."""
        return torch.tensor(float(f1(self.counts.cpu().numpy())))


def f1(counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """F1 of ``(..., 3)`` right, wrong and missed; 1 where nothing was to be found and nothing was."""
    right, errors = counts[..., 0], counts[..., 1] + counts[..., 2]
    return np.where(right + errors > 0, 2 * right / np.maximum(2 * right + errors, 1), 1.0)


def score_examples(answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray[Any, Any]:
    """Each example's pseudo-value of F1, or its loss.

    Raises:
        ValueError: another metric.
    """
    if metric == "position_f1":
        return pseudo_values_from_sums(_counts(answers, labels), f1)
    if metric == "loss":
        return _losses(answers, labels)
    raise ValueError(f"an example's share is known of position_f1 and loss; got {metric}")


def summarise(answers: pa.Table, labels: pa.Table) -> dict[str, float]:
    """Both metrics."""
    counts_3 = _counts(answers, labels).sum(axis=0)
    return {"position_f1": float(f1(counts_3)), "loss": float(_losses(answers, labels).mean())}


def _counts(answers: pa.Table, labels: pa.Table) -> np.ndarray[Any, Any]:
    said, true = answers["positions"].to_pylist(), labels["positions"].to_pylist()
    sets = [(set(mine), set(theirs)) for mine, theirs in zip(said, true, strict=True)]
    return np.array([(len(a & b), len(a - b), len(b - a)) for a, b in sets], dtype=np.float64)


def _losses(answers: pa.Table, labels: pa.Table) -> np.ndarray[Any, Any]:
    pairs = zip(answers["scores"].to_pylist(), labels["positions"].to_pylist(), strict=True)
    return np.array([_loss(np.array(scores), positions) for scores, positions in pairs])


def _loss(scores_T: np.ndarray[Any, Any], positions: list[int]) -> float:
    truth_T = np.isin(np.arange(len(scores_T)), positions)
    given_T = np.clip(np.where(truth_T, scores_T, 1 - scores_T), 1e-7, 1.0)
    return float(-np.log(given_T).mean())
