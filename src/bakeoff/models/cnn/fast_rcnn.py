"""Fast R-CNN: one map of the image, and regions of it that something else proposed.

Paper: Girshick 2015, Fast R-CNN, arXiv:1504.08083.

B batch, C channels, H height, W width, P proposals, D size of a region's vector.

Departures from the paper: regions are cut out bilinearly, and the map is summed from coarse to fine
(region_features.py); one set of four numbers moves a region's box, whatever its class.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from bakeoff.models.cnn.region_features import RegionVectors, summed_map
from bakeoff.models.cnn.selective_search import SelectiveSearch
from bakeoff.models.contracts import Detector, ImageBackbone, RegionHead
from bakeoff.models.detection import RegionOutputs
from bakeoff.ranges import Count, Positive


class FastRCNN(Detector):
    """Selective search, and a classifier of regions on one map (Girshick 2015, arXiv:1504.08083).

    Args:
        backbone: makes the backbone; it is called with the data's channels and size, and with ``width``.
        width: of the backbone.
        channels: of the map.
        region_width: D.
        finest: the least stride of the map in pixels: the first stage with at least this stride is taken.
        pyramid: whether coarser stages are summed onto it.
        pooled: places a side that each region is cut out at.
        scale: of the first segmentation of selective search; a larger one gives fewer proposals.
        proposals: the most an image.

    Raises:
        ValueError: a count below 1.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        backbone: Callable[..., ImageBackbone],
        width: Positive = 0.15,
        channels: Count = 32,
        region_width: Count = 64,
        finest: Count = 4,
        pyramid: bool = True,
        pooled: Count = 4,
        scale: Count = 150,
        proposals: Count = 50,
    ) -> None:
        super().__init__()
        if min(channels, region_width, pooled, scale, proposals) < 1:
            raise ValueError("channels, region_width, pooled, scale and proposals must be at least 1")
        made = backbone(in_channels=in_channels, image_size=image_size, width=width)
        self.map = summed_map(made, finest=finest, pyramid=pyramid, channels=channels)
        self.regions = RegionVectors(channels, region_width, stride=self.map.stage_strides[0], pooled=pooled)
        self.width = region_width
        self.propose = SelectiveSearch(scale=scale, most=proposals)

    def forward(self, images_BCHW: Tensor, head: RegionHead) -> RegionOutputs:
        """Proposals, and what is said of regions."""
        proposals_BP4, real_BP = self.propose(images_BCHW, keep=self.training)
        (map_BCHW,) = self.map(images_BCHW)
        return RegionOutputs(
            size=(images_BCHW.shape[2], images_BCHW.shape[3]),
            proposals_BP4=proposals_BP4,
            real_BP=real_BP,
            classify=lambda boxes_BR4: head(self.regions(map_BCHW, boxes_BR4)),
        )
