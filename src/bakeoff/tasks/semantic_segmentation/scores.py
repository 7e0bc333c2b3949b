"""What masks are worth: IoU and Dice pooled over the data set, and pixel accuracy; none is a mean over images.

Pixels that do not count (`IGNORED`) are left out of everything. Averages over classes go over those that occur, among
the labels or among the answers: pooled over the whole data set, a class that occurs nowhere has no IoU, not one of 0.

N images, H height, W width, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor
from torchmetrics import Metric

from bakeoff.data.masks.runs import Masks, masks_of
from bakeoff.data.masks.values import IGNORED
from bakeoff.metrics import MetricFacts
from bakeoff.statistics import pseudo_values_from_sums

_ROWS_AT_ONCE = 256

METRICS = (
    MetricFacts.share(
        "miou",
        "mean IoU",
        "Of each class the pixels where answer and label agree, over those where either has it, in all images "
        "together; averaged over the classes that occur.",
        is_mean=False,
    ),
    MetricFacts.share(
        "dice",
        "mean Dice",
        "Of each class twice the pixels where answer and label agree, over the sum of both, in all images together; "
        "averaged over the classes that occur. The same as macro-F1 of pixels.",
        is_mean=False,
    ),
    MetricFacts.share(
        "pixel_accuracy",
        "pixel accuracy",
        "The share of all pixels whose class is right; where one class covers most, it says little of the rest.",
        is_mean=False,
    ),
    MetricFacts.error(
        "loss", "loss", "The mean cross-entropy of an image's pixels, in nats, measured in training and validation."
    ),
)


def counts_of(said_NHW: Masks, true_NHW: Masks, *, num_classes: int) -> np.ndarray:
    """What each image adds to the totals, ``(N, 3, K)``: pixels that are right, said and true of each class."""
    counted_NHW = true_NHW != IGNORED
    rows_N11 = num_classes * np.arange(len(said_NHW), dtype=np.int64)[:, None, None]
    chosen = (said_NHW[counted_NHW & (said_NHW == true_NHW)], said_NHW[counted_NHW], true_NHW[counted_NHW])
    where = (counted_NHW & (said_NHW == true_NHW), counted_NHW, counted_NHW)
    found = [
        np.bincount(
            np.broadcast_to(rows_N11, said_NHW.shape)[mask] + values, minlength=len(said_NHW) * num_classes
        ).reshape(len(said_NHW), num_classes)
        for values, mask in zip(chosen, where, strict=True)
    ]
    return np.stack(found, axis=1)


def miou(totals_3K: np.ndarray) -> np.ndarray:
    """Mean IoU of totals ``(..., 3, K)``, over the classes that occur."""
    right, said, true = np.moveaxis(totals_3K, -2, 0)
    return _mean(right, said + true - right)


def dice(totals_3K: np.ndarray) -> np.ndarray:
    """Mean Dice, over the classes that occur."""
    right, said, true = np.moveaxis(totals_3K, -2, 0)
    return _mean(2 * right, said + true)


def pixel_accuracy(totals_3K: np.ndarray) -> np.ndarray:
    """Right pixels of all."""
    right, _, true = np.moveaxis(totals_3K, -2, 0)
    return right.sum(axis=-1) / np.maximum(true.sum(axis=-1), 1)


OF_TOTALS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "miou": miou,
    "dice": dice,
    "pixel_accuracy": pixel_accuracy,
}


def _mean(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    shares = np.divide(over, under, out=np.zeros(under.shape), where=under > 0)
    found: np.ndarray = shares.sum(axis=-1) / np.maximum((under > 0).sum(axis=-1), 1)
    return found


def counts_of_tables(answers: pa.Table, labels: pa.Table, *, num_classes: int) -> np.ndarray:
    """As `counts_of`, of masks in tables; some rows at a time, since all pixels of a test set are many."""
    return np.concatenate(list(_pieces(answers, labels, num_classes)))


def _pieces(answers: pa.Table, labels: pa.Table, num_classes: int) -> Iterator[np.ndarray]:
    for start in range(0, len(labels), _ROWS_AT_ONCE):
        said, true = (masks_of(table.slice(start, _ROWS_AT_ONCE)) for table in (answers, labels))
        yield counts_of(said, true, num_classes=num_classes)


def score_examples(counts_N3K: np.ndarray, metric: str) -> np.ndarray:
    """Each image's pseudo-value.

    Raises:
        ValueError: another metric than those of `OF_TOTALS`.
    """
    if metric not in OF_TOTALS:
        raise ValueError(f"an image's share is known of {', '.join(OF_TOTALS)}; got {metric}")
    return pseudo_values_from_sums(counts_N3K, OF_TOTALS[metric])


def summarise(counts_N3K: np.ndarray) -> dict[str, float]:
    """All metrics but the loss."""
    totals_3K = counts_N3K.sum(axis=0)
    return {name: float(metric(totals_3K)) for name, metric in OF_TOTALS.items()}


class MaskTotals(Metric):
    """All metrics but the loss, of counts ``(B, 3, K)``, by name."""

    totals: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.add_state("totals", torch.zeros(3, num_classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, counts_B3K: Tensor) -> None:
        """Adds a batch."""
        self.totals += counts_B3K.sum(dim=0)

    def compute(self) -> dict[str, Tensor]:
        """The metrics of all batches."""
        return {name: torch.tensor(value) for name, value in summarise(self.totals[None].cpu().numpy()).items()}


def count_on_device(said_BHW: Tensor, true_BHW: Tensor, *, num_classes: int) -> Tensor:
    """As `counts_of`, where the network's answers are."""
    said_BP, true_BP = said_BHW.flatten(1).long(), true_BHW.flatten(1).long()
    counted_BP = true_BP != IGNORED
    right_BP = counted_BP & (said_BP == true_BP)
    counts_B3K = torch.zeros(len(said_BP), 3, num_classes, dtype=torch.int64, device=said_BP.device)
    for place, (values_BP, mask_BP) in enumerate(((said_BP, right_BP), (said_BP, counted_BP), (true_BP, counted_BP))):
        counts_B3K[:, place].scatter_add_(1, torch.where(mask_BP, values_BP, 0), mask_BP.long())
    return counts_B3K
