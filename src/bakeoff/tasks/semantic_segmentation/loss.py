"""Losses of masks: cross-entropy, Dice, focal, and cross-entropy with Dice.

Cross-entropy and focal loss: Lin et al. 2017, arXiv:1708.02002. Dice: Milletari et al. 2016, arXiv:1606.04797, with
sums in place of sums of squares below, as in Sudre et al. 2017, arXiv:1707.03237.

B batch, K classes, H height, W width.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.data.masks.values import IGNORED

LossName: TypeAlias = Literal["cross_entropy", "focal", "dice", "cross_entropy_dice"]
LOSSES: tuple[LossName, ...] = get_args(LossName)


class MaskLoss:
    """The mean loss of images; each image's is a mean over its pixels that count, or over the classes that it shows.

    Args:
        name: of the loss.
        focal_gamma: of the focal loss: terms are multiplied by (1 - p) to this power, p being that of what is right.
        weights_K: of each class's pixels in cross-entropy and focal loss; None: all alike.
    """

    def __init__(self, name: LossName, *, focal_gamma: float = 2.0, weights_K: np.ndarray | None = None) -> None:
        self.name = name
        self.focal_gamma = focal_gamma
        self._weights_K = None if weights_K is None else torch.tensor(weights_K, dtype=torch.float32)

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor) -> Tensor:
        """A scalar.

        Args:
            logits_BKHW: of each class.
            masks_BHW: class numbers, or `IGNORED`.
        """
        logits_BKHW, masks_BHW = logits_BKHW.float(), masks_BHW.long()
        if self.name == "dice":
            return dice_loss(logits_BKHW, masks_BHW)
        weights_K = None if self._weights_K is None else self._weights_K.to(logits_BKHW.device)
        gamma = self.focal_gamma if self.name == "focal" else 0.0
        loss = pixel_loss(logits_BKHW, masks_BHW, weights_K=weights_K, gamma=gamma)
        return loss + dice_loss(logits_BKHW, masks_BHW) if self.name == "cross_entropy_dice" else loss


def pixel_loss(
    logits_BKHW: Tensor, masks_BHW: Tensor, *, weights_K: Tensor | None = None, gamma: float = 0.0
) -> Tensor:
    """Cross-entropy in nats, or focal loss: the mean over images of the mean over the pixels that count."""
    terms_BHW = F.cross_entropy(logits_BKHW, masks_BHW, ignore_index=IGNORED, reduction="none")
    if gamma:
        terms_BHW = terms_BHW * (1 - torch.exp(-terms_BHW)).clamp(min=0) ** gamma
    counted_BHW = masks_BHW != IGNORED
    if weights_K is not None:
        terms_BHW = terms_BHW * weights_K[torch.where(counted_BHW, masks_BHW, 0)]
    return (terms_BHW.sum(dim=(1, 2)) / counted_BHW.sum(dim=(1, 2)).clamp(min=1)).mean()


def dice_loss(logits_BKHW: Tensor, masks_BHW: Tensor) -> Tensor:
    """One less the soft Dice coefficient of each class that an image shows, averaged over those, then over images."""
    counted_BHW = masks_BHW != IGNORED
    truth_BKHW = F.one_hot(torch.where(counted_BHW, masks_BHW, 0), logits_BKHW.shape[1]).permute(0, 3, 1, 2)
    truth_BKHW = truth_BKHW * counted_BHW[:, None]
    said_BKHW = torch.softmax(logits_BKHW, dim=1) * counted_BHW[:, None]
    both_BK = (said_BKHW * truth_BKHW).sum(dim=(2, 3))
    sizes_BK, true_BK = said_BKHW.sum(dim=(2, 3)), truth_BKHW.sum(dim=(2, 3))
    shown_BK = (true_BK > 0).to(logits_BKHW.dtype)
    lost_BK = (1 - 2 * both_BK / (sizes_BK + true_BK).clamp(min=1e-6)) * shown_BK
    return (lost_BK.sum(dim=1) / shown_BK.sum(dim=1).clamp(min=1)).mean()
