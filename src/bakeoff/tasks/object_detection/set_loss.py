"""The loss of detectors that say a set of boxes: each label is matched with one box, and the rest is to be nothing.

Papers: Stewart, Andriluka & Ng 2016, arXiv:1506.04878 (a set's loss by the best matching); Carion et al. 2020, DETR,
arXiv:2005.12872 (its terms and weights).

L stages, B batch, Q boxes that are said, M the most labels of an image, K classes and "nothing".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_convert, generalized_box_iou, generalized_box_iou_loss

from bakeoff.models.boxes import PaddedBoxes
from bakeoff.models.detection import SetOutputs


@dataclass(frozen=True, kw_only=True)
class SetLoss:
    """The mean over images, summed over stages, of classes' cross-entropy, boxes' distance and their overlap.

    Args:
        named: weight of the classes' cross-entropy.
        nothing: weight of what should be nothing among its terms.
        distance: weight of the sum of the four numbers' differences, as shares of the image's sides.
        overlap: weight of one less the generalised intersection over union.
    """

    named: float = 1.0
    nothing: float = 0.2
    distance: float = 5.0
    overlap: float = 2.0

    def __call__(self, outputs: SetOutputs, truth: PaddedBoxes) -> Tensor:
        """A scalar."""
        height, width = outputs.size
        scale_4 = truth.boxes_BM4.new_tensor([width, height, width, height])
        wanted_BM4 = box_convert(truth.boxes_BM4 / scale_4, "xyxy", "cxcywh")
        logits_LBQK, boxes_LBQ4 = outputs.logits_LBQK.float(), outputs.boxes_LBQ4.float()
        query_LBM = self._matched(logits_LBQK, boxes_LBQ4, wanted_BM4, truth)
        return torch.stack(
            [
                self._of_stage(logits_BQK, boxes_BQ4, query_BM, wanted_BM4, truth)
                for logits_BQK, boxes_BQ4, query_BM in zip(logits_LBQK, boxes_LBQ4, query_LBM, strict=True)
            ]
        ).sum()

    @torch.no_grad()
    def _matched(self, logits_LBQK: Tensor, boxes_LBQ4: Tensor, wanted_BM4: Tensor, truth: PaddedBoxes) -> Tensor:
        """The box that each label is matched with, ``(L, B, M)``; -1 with padding and what is left without one."""
        stages, _, queries, _ = boxes_LBQ4.shape
        class_LBQM = truth.classes_BM[None, :, None].expand(stages, -1, queries, -1)
        cost_LBQM = -self.named * logits_LBQK.softmax(dim=-1).gather(3, class_LBQM)
        cost_LBQM += self.distance * torch.cdist(boxes_LBQ4, wanted_BM4.expand(stages, -1, -1, -1), p=1)
        said, wanted = (box_convert(of, "cxcywh", "xyxy") for of in (boxes_LBQ4, wanted_BM4))
        cost_LBQM -= self.overlap * generalized_box_iou(said, wanted).nan_to_num(0.0)
        costs, real_BM = cost_LBQM.cpu().numpy(), truth.real_BM.cpu().numpy()
        found = np.full((stages, *real_BM.shape), -1)
        for row, real_M in enumerate(real_BM):
            labels = np.flatnonzero(real_M)
            for stage in range(stages if len(labels) else 0):
                query, label = linear_sum_assignment(costs[stage, row][:, labels])
                found[stage, row, labels[label]] = query
        return torch.from_numpy(found).to(cost_LBQM.device)

    def _of_stage(
        self, logits_BQK: Tensor, boxes_BQ4: Tensor, query_BM: Tensor, wanted_BM4: Tensor, truth: PaddedBoxes
    ) -> Tensor:
        matched_BM, query_BM = query_BM >= 0, query_BM.clamp(min=0)
        nothing = logits_BQK.shape[-1] - 1
        class_BQ = torch.full(logits_BQK.shape[:2], nothing, device=logits_BQK.device)
        row_N, label_N = matched_BM.nonzero(as_tuple=True)
        class_BQ[row_N, query_BM[row_N, label_N]] = truth.classes_BM[row_N, label_N]
        weight_BQ = torch.where(class_BQ == nothing, self.nothing, 1.0)
        terms_BQ = F.cross_entropy(logits_BQK.transpose(1, 2), class_BQ, reduction="none")
        named_B = (terms_BQ * weight_BQ).sum(dim=1) / weight_BQ.sum(dim=1)
        said_BM4 = boxes_BQ4.gather(1, query_BM[..., None].expand(-1, -1, 4))
        apart_BM = (said_BM4 - wanted_BM4).abs().sum(dim=-1)
        said, wanted = (box_convert(of, "cxcywh", "xyxy") for of in (said_BM4, wanted_BM4))
        placed_BM = self.distance * apart_BM + self.overlap * generalized_box_iou_loss(said, wanted)
        placed_B = torch.where(matched_BM, placed_BM, 0.0).sum(dim=1) / matched_BM.sum(dim=1).clamp(min=1)
        return (self.named * named_B + placed_B).mean()
