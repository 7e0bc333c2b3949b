"""The loss of detectors that propose regions: of the proposals, and of what is said of some of them.

Papers: Girshick 2015, Fast R-CNN, arXiv:1504.08083; Ren et al. 2015, Faster R-CNN, arXiv:1506.01497. All images of a
batch are matched and sampled at once.

B batch, A anchors or regions, M the most boxes of an image, R regions that are learnt from, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.models.boxes import PaddedBoxes, differences, in_crowds, overlaps
from bakeoff.models.detection import BOX_STEPS, RegionOutputs

_SEED = 0
_MOSTLY = 0.5  # of a box within a crowd: it is nobody's mistake
_TIED = 1e-6  # of overlaps that are the same but for rounding


@dataclass(frozen=True, kw_only=True)
class RegionLoss:
    """The sum of four mean losses an image, averaged over images.

    Args:
        anchors_sampled: of an image, to learn where things are from; at most half of them on things.
        anchor_overlaps: below the first with all boxes an anchor is background, from the second on with one it is a
            thing; the best anchors of each box are too.
        regions_sampled: of an image's proposals and boxes, to learn what things are from.
        things_share: the most of them on things.
        region_overlap: with a box, from which on a region is that thing.
    """

    anchors_sampled: int = 64
    anchor_overlaps: tuple[float, float] = (0.3, 0.7)
    regions_sampled: int = 32
    things_share: float = 0.5
    region_overlap: float = 0.5

    def __call__(self, outputs: RegionOutputs, truth: PaddedBoxes, *, training: bool) -> Tensor:
        """A scalar; what is sampled is random in training, and else always the same."""
        device = truth.boxes_BM4.device
        generator = None if training else torch.Generator(device).manual_seed(_SEED)
        loss = self._of_regions(outputs, truth, generator)
        return loss if outputs.anchors_A4 is None else loss + self._of_proposals(outputs, truth, generator)

    def _of_proposals(self, outputs: RegionOutputs, truth: PaddedBoxes, generator: torch.Generator | None) -> Tensor:
        assert outputs.anchors_A4 is not None
        assert outputs.objectness_BA is not None
        assert outputs.differences_BA4 is not None
        anchors_BA4 = outputs.anchors_A4.expand(len(truth.boxes_BM4), -1, -1)
        overlaps_BAM = overlaps(outputs.anchors_A4[None], truth)
        best_BA, match_BA = overlaps_BAM.max(dim=2)
        low, high = self.anchor_overlaps
        best_of_box_B1M = overlaps_BAM.amax(dim=1, keepdim=True)
        is_best_BAM = (overlaps_BAM >= best_of_box_B1M - _TIED) & (best_of_box_B1M > 0)
        thing_BA = (best_BA >= high) | is_best_BAM.any(dim=2)
        background_BA = (best_BA < low) & ~thing_BA & (in_crowds(anchors_BA4, truth) < _MOSTLY)
        chosen_BR, thing_BR, real_BR = sampled(
            thing_BA, background_BA, self.anchors_sampled, most_things=self.anchors_sampled // 2, generator=generator
        )
        logits_BR = outputs.objectness_BA.float().gather(1, chosen_BR)
        found = F.binary_cross_entropy_with_logits(logits_BR, thing_BR.float(), reduction="none")
        matched_BR4 = rows(truth.boxes_BM4, match_BA.gather(1, chosen_BR))
        wanted_BR4 = differences(matched_BR4, rows(anchors_BA4, chosen_BR))
        said_BR4 = rows(outputs.differences_BA4.float(), chosen_BR)
        placed_BR = F.smooth_l1_loss(said_BR4, wanted_BR4, beta=1 / 9, reduction="none").sum(dim=-1)
        return mean_of_images(found + torch.where(thing_BR, placed_BR, 0.0), real_BR)

    def _of_regions(self, outputs: RegionOutputs, truth: PaddedBoxes, generator: torch.Generator | None) -> Tensor:
        regions_BA4 = torch.cat([outputs.proposals_BP4, truth.boxes_BM4], dim=1)
        real_BA = torch.cat([outputs.real_BP, truth.real_BM], dim=1)
        best_BA, match_BA = overlaps(regions_BA4, truth).max(dim=2)
        thing_BA = (best_BA >= self.region_overlap) & real_BA
        background_BA = real_BA & ~thing_BA & (in_crowds(regions_BA4, truth) < _MOSTLY)
        most = int(self.regions_sampled * self.things_share)
        chosen_BR, thing_BR, real_BR = sampled(
            thing_BA, background_BA, self.regions_sampled, most_things=most, generator=generator
        )
        regions_BR4 = rows(regions_BA4, chosen_BR)
        logits_BRK, said_BR4 = outputs.classify(regions_BR4)
        nothing = logits_BRK.shape[-1] - 1
        matched_BR = match_BA.gather(1, chosen_BR)
        class_BR = torch.where(thing_BR, truth.classes_BM.gather(1, matched_BR), nothing)
        named_BR = F.cross_entropy(logits_BRK.float().transpose(1, 2), class_BR, reduction="none")
        wanted_BR4 = differences(rows(truth.boxes_BM4, matched_BR), regions_BR4) / said_BR4.new_tensor(BOX_STEPS)
        placed_BR = F.smooth_l1_loss(said_BR4.float(), wanted_BR4, beta=1 / 9, reduction="none").sum(dim=-1)
        return mean_of_images(named_BR + torch.where(thing_BR, placed_BR, 0.0), real_BR)


def sampled(
    thing_BA: Tensor, background_BA: Tensor, count: int, *, most_things: int, generator: torch.Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Random things, at most so many, and random background to fill up, of each image.

    Returns:
        Their indices, which of them are things, and which are any at all, ``(B, R)`` each, R being ``count`` or A.
    """
    keys_BA = torch.rand(thing_BA.shape, generator=generator, device=thing_BA.device)
    order_BA = torch.where(background_BA, keys_BA, -1.0)
    drawn, index = torch.where(thing_BA, keys_BA, -1.0).topk(min(most_things, keys_BA.shape[1]), dim=1)
    first = torch.where(drawn >= 0, drawn + 1, order_BA.gather(1, index))  # things come before background
    order_BA = order_BA.scatter(1, index, first)
    drawn_BR, chosen_BR = order_BA.topk(min(count, keys_BA.shape[1]), dim=1)
    return chosen_BR, drawn_BR >= 1, drawn_BR >= 0


def rows(boxes_BA4: Tensor, chosen_BR: Tensor) -> Tensor:
    """Each image's boxes of these indices, ``(B, R, 4)``."""
    return boxes_BA4.gather(1, chosen_BR[..., None].expand(-1, -1, 4))


def mean_of_images(terms_BR: Tensor, real_BR: Tensor) -> Tensor:
    """The mean over images of each one's mean over what is real."""
    return ((terms_BR * real_BR).sum(dim=1) / real_BR.sum(dim=1).clamp(min=1)).mean()
