"""The metrics of classes in validation: answers are gathered, and judged at the end as the test's are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

Judge = Callable[[np.ndarray, np.ndarray], dict[str, float]]


class GatheredAnswers(Metric):
    """All metrics of probabilities ``(B, K)`` against labels ``(B,)`` or ``(B, K)``, by name.

    Args:
        judge: from all probabilities and all labels to the metrics.
    """

    probabilities: list[Tensor]
    labels: list[Tensor]

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge
        self.add_state("probabilities", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, probabilities_BK: Tensor, labels: Tensor) -> None:
        """Adds a batch."""
        self.probabilities.append(probabilities_BK)
        self.labels.append(labels)

    def compute(self) -> dict[str, Tensor]:
        """The metrics of all batches."""
        probabilities_BK = dim_zero_cat(self.probabilities).float().cpu().numpy()
        found = self.judge(probabilities_BK, dim_zero_cat(self.labels).cpu().numpy())
        return {name: torch.tensor(value) for name, value in found.items()}
