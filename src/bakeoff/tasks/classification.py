"""What tasks that answer with class probabilities share: what is stored of each example, and what it is worth.

B batch, K classes.
"""

from __future__ import annotations

import abc
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bakeoff.tasks import class_scores
from bakeoff.training.loop.module import Predictions, TaskModule


class Classification(TaskModule, abc.ABC):
    """A task whose stored answers are class probabilities, ``(B, K)``; the scores are those of `class_scores`."""

    @staticmethod
    def predictions(outputs: Tensor) -> Predictions:
        """Class probabilities of examples with one label each, shape ``(B, K)``."""
        return {"probabilities": torch.softmax(outputs.float(), dim=1).cpu().numpy()}

    @staticmethod
    def score_examples(predictions: Predictions, labels: np.ndarray, metric: str) -> np.ndarray:
        """Each example's share of ``metric``, shape ``(B,)``."""
        return class_scores.score_examples(predictions["probabilities"], labels, metric)

    @staticmethod
    def summarise(predictions: Predictions, labels: np.ndarray) -> dict[str, float]:
        """All metrics of a set of predictions, by name."""
        return class_scores.summarise(predictions["probabilities"], labels)

    @staticmethod
    def trivial_predictions(train_labels: np.ndarray, num_examples: int, spec: Any) -> Predictions:
        """What the trivial predictor says of every example: how common each class was in training."""
        shares_K = class_scores.class_shares(train_labels, spec.num_classes)
        return {"probabilities": np.tile(shares_K, (num_examples, 1))}
