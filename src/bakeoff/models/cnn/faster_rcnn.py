"""Faster R-CNN: a network that proposes regions, and one that classifies and moves them, on the same map.

Paper: Ren et al. 2015, Faster R-CNN: towards real-time object detection with region proposal networks,
arXiv:1506.01497.

B batch, C channels, H height, W width, A anchors, P proposals, D size of a region's vector.

Departures from the paper: both halves are trained at once (its "approximate joint training"); regions are cut out
bilinearly, and the map is summed from coarse to fine (region_features.py); one set of four numbers moves a region's
box, whatever its class; anchors that leave the image count too, as in torchvision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from einops import rearrange
from torch import Tensor, nn
from torchvision.ops import nms

from bakeoff.models.anchors import anchors, default_sizes
from bakeoff.models.boxes import moved, within
from bakeoff.models.cnn.region_features import RegionVectors, summed_map
from bakeoff.models.contracts import Detector, ImageBackbone, RegionHead
from bakeoff.models.detection import RegionOutputs
from bakeoff.ranges import Count, Positive, Probability


class RegionProposals(nn.Module):
    """Logits and moves of anchors: a convolution, then a linear map for each (Ren et al. 2015, section 3.1)."""

    def __init__(self, channels: int, *, num_anchors: int) -> None:
        super().__init__()
        self.shared = nn.Sequential(nn.Conv2d(channels, channels, kernel_size=3, padding=1), nn.ReLU())
        self.numbers = nn.Conv2d(channels, 5 * num_anchors, kernel_size=1)
        nn.init.normal_(self.numbers.weight, std=0.01)

    def forward(self, map_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(B, A)`` and differences ``(B, A, 4)``, place by place."""
        numbers_BA5 = rearrange(self.numbers(self.shared(map_BCHW)), "b (k n) h w -> b (h w k) n", n=5)
        return numbers_BA5[..., 0], numbers_BA5[..., 1:]


class FasterRCNN(Detector):
    """A region proposal network and a classifier of regions on one map (Ren et al. 2015, arXiv:1506.01497).

    Args:
        backbone: makes the backbone; it is called with the data's channels and size, and with ``width``.
        width: of the backbone.
        channels: of the map.
        region_width: D, the size of a region's vector.
        finest: the least stride of the map in pixels: the first stage with at least this stride is taken.
        pyramid: whether coarser stages are summed onto it.
        pooled: places a side that each region is cut out at.
        anchor_sizes: square roots of the anchors' areas in pixels; None: an eighth, a quarter, a half and all of the
            image's shorter side.
        anchor_ratios: of height to width.
        candidates: best anchors of an image that proposals are chosen from.
        proposals: the most an image, in training and after it.
        proposal_overlap: intersection over union above which the worse of two proposals is left out.

    Raises:
        ValueError: a count below 1, or no anchors.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        backbone: Callable[..., ImageBackbone],
        width: Positive | None = None,
        channels: Count = 48,
        region_width: Count = 64,
        finest: Count = 4,
        pyramid: bool = True,
        pooled: Count = 4,
        anchor_sizes: Sequence[Positive] | None = None,
        anchor_ratios: Sequence[Positive] = (0.5, 1.0, 2.0),
        candidates: Count = 200,
        proposals: Count = 50,
        proposal_overlap: Probability = 0.7,
    ) -> None:
        super().__init__()
        if min(channels, region_width, pooled, candidates, proposals) < 1:
            raise ValueError("channels, region_width, pooled, candidates and proposals must be at least 1")
        self.anchor_sizes = tuple(anchor_sizes) if anchor_sizes else default_sizes(image_size)
        self.anchor_ratios = tuple(anchor_ratios)
        if not self.anchor_ratios or min(*self.anchor_sizes, *self.anchor_ratios) <= 0:
            raise ValueError(f"anchors need sizes and ratios above 0; got {anchor_sizes} and {anchor_ratios}")
        given = {} if width is None else {"width": width}
        made = backbone(in_channels=in_channels, image_size=image_size, **given)
        self.map = summed_map(made, finest=finest, pyramid=pyramid, channels=channels)
        self.stride = self.map.stage_strides[0]
        num_anchors = len(self.anchor_sizes) * len(self.anchor_ratios)
        self.propose = RegionProposals(channels, num_anchors=num_anchors)
        self.regions = RegionVectors(channels, region_width, stride=self.stride, pooled=pooled)
        self.width = region_width
        self.candidates = candidates
        self.most_proposals = proposals
        self.proposal_overlap = proposal_overlap

    def forward(self, images_BCHW: Tensor, head: RegionHead) -> RegionOutputs:
        """Proposals, and what is said of regions."""
        (map_BCHW,) = self.map(images_BCHW)
        height, width = images_BCHW.shape[-2:]
        objectness_BA, differences_BA4 = self.propose(map_BCHW)
        anchors_A4 = anchors(
            (map_BCHW.shape[2], map_BCHW.shape[3]),
            stride=self.stride,
            sizes=self.anchor_sizes,
            ratios=self.anchor_ratios,
            device=map_BCHW.device,
        )
        proposals_BP4, real_BP = self._proposals(objectness_BA, differences_BA4, anchors_A4, (height, width))
        return RegionOutputs(
            size=(height, width),
            proposals_BP4=proposals_BP4,
            real_BP=real_BP,
            classify=lambda boxes_BR4: head(self.regions(map_BCHW, boxes_BR4)),
            anchors_A4=anchors_A4,
            objectness_BA=objectness_BA,
            differences_BA4=differences_BA4,
        )

    @torch.no_grad()
    def _proposals(
        self, objectness_BA: Tensor, differences_BA4: Tensor, anchors_A4: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """The best anchors, moved, without those that mostly repeat a better one; and which are no padding."""
        scores_BN, best_BN = objectness_BA.float().topk(min(self.candidates, objectness_BA.shape[1]), dim=1)
        differences_BN4 = differences_BA4.float().gather(1, best_BN[..., None].expand(-1, -1, 4))
        boxes_BN4 = within(moved(differences_BN4, anchors_A4[best_BN]), size)
        most = min(self.most_proposals, boxes_BN4.shape[1])
        if boxes_BN4.is_meta:
            return boxes_BN4[:, :most], torch.ones_like(scores_BN[:, :most], dtype=torch.bool)
        kept_BP = torch.zeros(len(boxes_BN4), most, dtype=torch.int64, device=boxes_BN4.device)
        real_BP = torch.zeros_like(kept_BP, dtype=torch.bool)
        for row, (boxes_N4, scores_N) in enumerate(zip(boxes_BN4, scores_BN, strict=True)):
            kept_P = nms(boxes_N4, scores_N, self.proposal_overlap)[:most]
            kept_BP[row, : len(kept_P)], real_BP[row, : len(kept_P)] = kept_P, True
        return boxes_BN4.gather(1, kept_BP[..., None].expand(-1, -1, 4)), real_BP
