"""Expected calibration error, of totals over examples and of a validation, from the same bins (Guo et al. 2017).

Bin m of M holds confidences in ((m - 1) / M, m / M], arXiv:1706.04599; a confidence of 1 lies in the last one.
torchmetrics 1.9.0 has bins closed on the other side, and for a confidence of 1 one bin more.

B batch, K classes, M bins.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

NUM_BINS = 15


class CalibrationError(Metric):
    """Expected calibration error (L1) of ``(B, K)`` probabilities against labels ``(B,)``, in [0, 1]; lower is better.

    NaN where a probability is.
    """

    confidence: list[Tensor]
    right: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("confidence", default=[], dist_reduce_fx="cat")
        self.add_state("right", default=[], dist_reduce_fx="cat")

    def update(self, probabilities_BK: Tensor, labels_B: Tensor) -> None:
        """Adds a batch."""
        confidence_B, said_B = probabilities_BK.max(dim=1)
        self.confidence.append(confidence_B)
        self.right.append(said_B == labels_B)

    def compute(self) -> Tensor:
        """The error of all batches; summed in float64 on the processor, since not every device has such numbers."""
        confidence_B = dim_zero_cat(self.confidence).cpu().double().numpy()
        right_B = dim_zero_cat(self.right).cpu().numpy()
        return torch.tensor(calibration_error(calibration_bins(confidence_B, right_B).sum(axis=0)))


def calibration_bins(confidence_B: np.ndarray, right_B: np.ndarray) -> np.ndarray:
    """What each example adds to the count, confidence and accuracy of its confidence bin, ``(B, 3 M)``."""
    bin_B = np.nan_to_num(np.ceil(confidence_B * NUM_BINS) - 1)
    bins_BM = np.eye(NUM_BINS)[np.clip(bin_B, 0, NUM_BINS - 1).astype(int)]
    return np.concatenate([bins_BM, bins_BM * confidence_B[:, None], bins_BM * right_B[:, None]], axis=1)


def calibration_error(totals: np.ndarray) -> np.ndarray:
    """Expected calibration error from ``(..., 3 M)`` totals."""
    count, confidence, right = np.split(totals, 3, axis=-1)
    error: np.ndarray = np.abs(confidence - right).sum(axis=-1) / np.maximum(count.sum(axis=-1), 1)
    return error
