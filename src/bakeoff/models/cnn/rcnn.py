"""R-CNN: each proposed region as an image of its own.

Paper: Girshick et al. 2014, Rich feature hierarchies for accurate object detection and semantic segmentation,
arXiv:1311.2524.

B batch, C channels, H height, W width, P proposals, R regions, D size of a region's vector.

Departures from the paper: classes and boxes are learnt with the network at once, where the paper fits support vector
machines and regressions to a finished network's features; no pretraining.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchvision.ops import roi_align

from bakeoff.models.cnn.selective_search import SelectiveSearch
from bakeoff.models.contracts import Detector, ImageBackbone, RegionHead
from bakeoff.models.detection import RegionOutputs
from bakeoff.ranges import Count, NotNegative, Positive


class RCNN(Detector):
    """Selective search, and a network that sees each region at one size (Girshick et al. 2014, arXiv:1311.2524).

    Args:
        backbone: makes the backbone; it is called with the data's channels, with ``side`` and with ``width``.
        width: of the backbone.
        region_width: D.
        side: pixels a side that each region is brought to; the paper's 227.
        context: what is shown around a region, as a share of its sides.
        scale: of the first segmentation of selective search; a larger one gives fewer proposals.
        proposals: the most an image; the paper's 2,000.

    Raises:
        ValueError: a count below 1, or less than no context.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        backbone: Callable[..., ImageBackbone],
        width: Positive = 0.15,
        region_width: Count = 64,
        side: Count = 24,
        context: NotNegative = 0.1,
        scale: Count = 150,
        proposals: Count = 50,
    ) -> None:
        super().__init__()
        if min(region_width, side, scale, proposals) < 1 or context < 0:
            raise ValueError("region_width, side, scale and proposals must be at least 1, and context at least 0")
        self.backbone = backbone(in_channels=in_channels, image_size=(side, side), width=width)
        self.connected = nn.Sequential(nn.Linear(self.backbone.stage_channels[-1], region_width), nn.ReLU())
        self.width = region_width
        self.side = side
        self.context = context
        self.propose = SelectiveSearch(scale=scale, most=proposals)

    def forward(self, images_BCHW: Tensor, head: RegionHead) -> RegionOutputs:
        """Proposals, and what is said of regions."""
        proposals_BP4, real_BP = self.propose(images_BCHW, keep=self.training)
        return RegionOutputs(
            size=(images_BCHW.shape[2], images_BCHW.shape[3]),
            proposals_BP4=proposals_BP4,
            real_BP=real_BP,
            classify=lambda boxes_BR4: head(self._vectors(images_BCHW, boxes_BR4)),
        )

    def _vectors(self, images_BCHW: Tensor, boxes_BR4: Tensor) -> Tensor:
        """The vectors of regions, ``(B, R, D)``."""
        batch, regions = boxes_BR4.shape[:2]
        margin_BR2 = (boxes_BR4[..., 2:] - boxes_BR4[..., :2]) * self.context
        shown_BR4 = torch.cat([boxes_BR4[..., :2] - margin_BR2, boxes_BR4[..., 2:] + margin_BR2], dim=-1)
        row_N1 = torch.arange(batch, device=boxes_BR4.device).repeat_interleave(regions)[:, None].to(shown_BR4)
        rows_N5 = torch.cat([row_N1, shown_BR4.flatten(0, 1)], dim=1).to(images_BCHW)
        crops_NCSS = roi_align(images_BCHW, rows_N5, self.side, 1.0, sampling_ratio=1, aligned=True)
        return self.connected(self.backbone(crops_NCSS)[-1].mean(dim=(2, 3))).unflatten(0, (batch, regions))
