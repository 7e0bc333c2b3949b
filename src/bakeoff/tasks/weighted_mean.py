"""The mean that a loss is kept as: one that is no number makes it none.

torchmetrics 1.9.0 leaves such values out of its `MeanMetric` with a warning, or with ``nan_strategy="disable"`` leaves
the weights out.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import MeanMetric


class WeightedMean(MeanMetric):
    """The weighted mean of all values; NaN where one with a weight is, whatever one without a weight is."""

    def update(self, value: Tensor, weight: Tensor) -> None:  # type: ignore[override]
        """Adds values and their weights, of one shape."""
        value, weight = value.to(self.dtype), weight.to(self.dtype)
        self.mean_value += torch.where(weight > 0, value * weight, 0.0).sum()
        self.weight += weight.sum()
