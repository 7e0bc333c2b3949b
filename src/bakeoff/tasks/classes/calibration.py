"""Expected calibration error (L1) from totals over examples, in [0, 1]; lower is better (Guo et al. 2017).

Bin m of M holds confidences in ((m - 1) / M, m / M], arXiv:1706.04599; a confidence of 1 lies in the last one.
torchmetrics 1.9.0 has bins closed on the other side, and for a confidence of 1 one bin more.

B batch, M bins.
"""

from __future__ import annotations

import numpy as np

NUM_BINS = 15


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
