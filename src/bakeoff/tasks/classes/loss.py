"""The loss of classes: cross-entropy, weighed by class, and focal (Lin et al. 2017, arXiv:1708.02002, equation 5).

B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.data.spec import ClassSpec
from bakeoff.ranges import NotNegative

ClassWeights: TypeAlias = Literal["balanced"] | Sequence[NotNegative]


class ClassLoss:
    """The mean loss of logits ``(B, K)`` in nats, over examples, and over classes where an example has several.

    Targets are classes ``(B,)``, shares of classes ``(B, K)``, or 0 and 1 for each class where there are several.
    Weights, focus and smoothing are of training only: validation measures the plain cross-entropy.

    Args:
        several: whether an example may have several classes.
        weights_K: of each class's terms; with several classes of those of its presence. None: all alike.
        focal_gamma: each term is multiplied by (1 - p) to this power, p the probability of what is right.
        label_smoothing: mass moved from the label to all classes alike.
    """

    def __init__(
        self, *, several: bool, weights_K: np.ndarray | None, focal_gamma: float, label_smoothing: float
    ) -> None:
        self.several = several
        self.focal_gamma = focal_gamma
        self.label_smoothing = label_smoothing
        self._weights_K = None if weights_K is None else torch.tensor(weights_K, dtype=torch.float32)

    def __call__(self, logits_BK: Tensor, targets: Tensor, *, training: bool) -> Tensor:
        """A scalar."""
        if not training or (self.several and not self.focal_gamma and self._weights_K is None):
            return _plain(logits_BK, targets, several=self.several)
        if self._weights_K is not None and self._weights_K.device != logits_BK.device:
            self._weights_K = self._weights_K.to(logits_BK.device)  # once
        if self.several:
            return self._of_several(logits_BK, targets)
        if self.focal_gamma:
            return self._focal(logits_BK, targets)
        if self._weights_K is None:
            return F.cross_entropy(logits_BK, targets, label_smoothing=self.label_smoothing)
        # torch's own mean divides by the weights of the batch, which parts of a batch and several devices do not share
        smoothing = self.label_smoothing
        return F.cross_entropy(
            logits_BK, targets, weight=self._weights_K, label_smoothing=smoothing, reduction="none"
        ).mean()

    def _focal(self, logits_BK: Tensor, targets: Tensor) -> Tensor:
        num_classes = logits_BK.shape[1]
        shares_BK = F.one_hot(targets, num_classes).to(logits_BK.dtype) if targets.ndim == 1 else targets
        shares_BK = (1 - self.label_smoothing) * shares_BK + self.label_smoothing / num_classes
        if self._weights_K is not None:
            shares_BK = shares_BK * self._weights_K
        log_probabilities_BK = F.log_softmax(logits_BK, dim=1)
        focus_BK = (1 - log_probabilities_BK.exp()).clamp(min=0) ** self.focal_gamma
        return -(shares_BK * focus_BK * log_probabilities_BK).sum(dim=1).mean()

    def _of_several(self, logits_BK: Tensor, targets_BK: Tensor) -> Tensor:
        terms_BK = F.binary_cross_entropy_with_logits(
            logits_BK, targets_BK, pos_weight=self._weights_K, reduction="none"
        )
        if self.focal_gamma:
            yes_BK = torch.sigmoid(logits_BK)
            wrong_BK = targets_BK * (1 - yes_BK) + (1 - targets_BK) * yes_BK
            terms_BK = terms_BK * wrong_BK**self.focal_gamma
        return terms_BK.mean()


def class_weights(spec: ClassSpec, given: ClassWeights | None) -> np.ndarray | None:
    """The weight of each class in the loss, ``(K,)``; None for none.

    One class an example: ``balanced`` is inverse to the train rows of a class, and all weights are scaled so that
    their mean over the train rows is 1, so that a learning rate keeps its meaning. Several classes an example: the
    weight of a class's presence, ``balanced`` its rows that lack it over those that have it.

    Raises:
        ValueError: not one number above 0 a class.
    """
    if given is None:
        return None
    counts_K = np.maximum(np.array(spec.class_counts, dtype=np.float64), 1)
    if isinstance(given, str):
        absent_K = np.maximum(spec.num_train - counts_K, 1)
        return absent_K / counts_K if spec.multi_label else _scaled(1 / counts_K, counts_K)
    weights_K = np.array(given, dtype=np.float64)
    if len(weights_K) != spec.num_classes or not (np.isfinite(weights_K) & (weights_K > 0)).all():
        names = ", ".join(spec.class_names[:20])
        raise ValueError(f"class_weights needs one number above 0 a class ({names}); got {list(given)}")
    return weights_K if spec.multi_label else _scaled(weights_K, counts_K)


def _scaled(weights_K: np.ndarray, counts_K: np.ndarray) -> np.ndarray:
    """With a mean of 1 over rows."""
    scaled: np.ndarray = weights_K * counts_K.sum() / (weights_K * counts_K).sum()
    return scaled


def _plain(logits_BK: Tensor, targets: Tensor, *, several: bool) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits_BK, targets) if several else F.cross_entropy(logits_BK, targets)
