"""What detectors say of images: regions to be classified and moved, or sets of boxes.

B batch, C channels, H height, W width, D size of a region's vector, K classes, A anchors, P proposals, Q queries,
L stages of a decoder, R regions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_convert

from bakeoff.data.batches.batch import Ragged
from bakeoff.models.boxes import moved, places, within
from bakeoff.models.contracts import DetectorOutputs

MOST_FOUND = 100
"""Boxes an image, as COCO evaluates them."""
_LEAST_SCORE = 0.01
_SAME_THING = 0.5
BOX_STEPS = (0.1, 0.1, 0.2, 0.2)
"""What a head's four numbers are multiplied by before they move a region's box, so that all are of a like size."""


@dataclass(frozen=True)
class RegionOutputs(DetectorOutputs):
    """Proposed regions, each to be classified and moved.

    Attributes:
        size: height and width of the images.
        proposals_BP4: where to look, corners in pixels.
        real_BP: which of them are no padding.
        classify: from regions ``(B, R, 4)`` to the head's logits ``(B, R, K + 1)`` and numbers ``(B, R, 4)``.
        anchors_A4: what the network's own proposals are moved from; None where they come from elsewhere.
        objectness_BA: logit of each anchor.
        differences_BA4: how the proposal differs from each anchor.
    """

    size: tuple[int, int]
    proposals_BP4: Tensor
    real_BP: Tensor
    classify: Callable[[Tensor], tuple[Tensor, Tensor]]
    anchors_A4: Tensor | None = None
    objectness_BA: Tensor | None = None
    differences_BA4: Tensor | None = None

    def found(self) -> Ragged:
        """Proposals, classified and moved; of those of a class that overlap by half, the best."""
        boxes_BP4, scores_BPK = self.dense()
        row_N, proposal_N, class_N = (scores_BPK > _LEAST_SCORE).nonzero(as_tuple=True)
        boxes_N4, scores_N = boxes_BP4[row_N, proposal_N], scores_BPK[row_N, proposal_N, class_N]
        kept_N = batched_nms(boxes_N4, scores_N, row_N * scores_BPK.shape[-1] + class_N, _SAME_THING)
        return best_found(len(scores_BPK), row_N[kept_N], boxes_N4[kept_N], class_N[kept_N], scores_N[kept_N])

    def dense(self) -> tuple[Tensor, Tensor]:
        """Proposals, classified and moved; those that are padding have no class."""
        logits_BPK, numbers_BP4 = self.classify(self.proposals_BP4)
        scores_BPK = logits_BPK.float().softmax(dim=-1)[..., :-1] * self.real_BP[..., None]
        steps_4 = numbers_BP4.new_tensor(BOX_STEPS)
        return within(moved(numbers_BP4.float() * steps_4, self.proposals_BP4), self.size), scores_BPK

    def tensors(self) -> list[Tensor]:
        """Those of the proposals, and of their classification."""
        own = [part for part in (self.objectness_BA, self.differences_BA4) if part is not None]
        return [*own, *self.classify(self.proposals_BP4)]


@dataclass(frozen=True)
class SetOutputs(DetectorOutputs):
    """A set of boxes, in no order, of each stage of a decoder.

    Attributes:
        size: height and width of the images.
        logits_LBQK: of each box's class, the last one of "nothing".
        boxes_LBQ4: centre and sides as shares of the image's.
    """

    size: tuple[int, int]
    logits_LBQK: Tensor
    boxes_LBQ4: Tensor

    def corners(self) -> Tensor:
        """The boxes' corners in pixels, ``(L, B, Q, 4)``."""
        height, width = self.size
        scale_4 = self.boxes_LBQ4.new_tensor([width, height, width, height])
        return box_convert(self.boxes_LBQ4.float(), "cxcywh", "xyxy") * scale_4

    def found(self) -> Ragged:
        """Each class of each box of the last stage, best first; nothing is left out for overlapping."""
        boxes_BQ4, scores_BQK = self.dense()
        row_N, query_N, class_N = (scores_BQK > _LEAST_SCORE).nonzero(as_tuple=True)
        scores_N = scores_BQK[row_N, query_N, class_N]
        order_N = scores_N.argsort(descending=True, stable=True)
        rows = (row_N[order_N], boxes_BQ4[row_N, query_N][order_N], class_N[order_N], scores_N[order_N])
        return best_found(len(scores_BQK), *rows)

    def dense(self) -> tuple[Tensor, Tensor]:
        """The boxes of the last stage."""
        scores_BQK = self.logits_LBQK[-1].float().softmax(dim=-1)[..., :-1]
        return within(self.corners()[-1], self.size), scores_BQK

    def tensors(self) -> list[Tensor]:
        """Logits and boxes."""
        return [self.logits_LBQK, self.boxes_LBQ4]


def best_found(num_images: int, row_N: Tensor, boxes_N4: Tensor, classes_N: Tensor, scores_N: Tensor) -> Ragged:
    """Boxes of a batch, best first, as a `Ragged` with the best of each image."""
    order_N = row_N.argsort(stable=True)
    counts_B = torch.bincount(row_N, minlength=num_images)
    kept_N = order_N[places(counts_B)[1] < MOST_FOUND]
    found = {"boxes": boxes_N4[kept_N], "classes": classes_N[kept_N], "scores": scores_N[kept_N]}
    return Ragged(found | {"counts": counts_B.clamp(max=MOST_FOUND)})
