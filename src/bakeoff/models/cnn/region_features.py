"""What detectors that look at regions share: a backbone's map, and a vector for each region of it.

Papers: Girshick 2015, Fast R-CNN, arXiv:1504.08083; regions are cut out bilinearly as in He et al. 2017, Mask R-CNN,
arXiv:1703.06870; the map is summed from coarse to fine as in Lin et al. 2017, Feature pyramid networks for object
detection, arXiv:1612.03144.

B batch, C channels, H height, W width, R regions, D size of a region's vector.

Departure from Lin et al.: regions of all sizes are cut out of the finest map, where the paper takes coarser ones for
larger regions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from bakeoff.models.cnn.fcn import FCN
from bakeoff.models.contracts import ImageBackbone

_SAMPLES = 2  # a side of each cut-out place, as in Mask R-CNN


def summed_map(backbone: ImageBackbone, *, finest: int, pyramid: bool, channels: int) -> FCN:
    """The backbone with one map: that of its first stage whose stride is at least ``finest``, and coarser ones on it.

    Args:
        backbone: any; where all its strides are below ``finest``, its last map is averaged down.
        finest: pixels.
        pyramid: False leaves the coarser stages out, and makes a linear map of the one.
        channels: of the map.
    """
    stages = len(backbone.stage_strides)
    first = next((stage for stage, stride in enumerate(backbone.stage_strides) if stride >= finest), stages - 1)
    used = Stages(backbone, first, stages if pyramid else first + 1, finest=finest)
    skips = len(used.stage_strides) - 1
    return FCN(in_channels=0, image_size=(0, 0), backbone=lambda **_: used, skips=skips, channels=channels)


class Stages(ImageBackbone):
    """Some of a backbone's maps, averaged down where they are finer than they need be."""

    def __init__(self, backbone: ImageBackbone, first: int, end: int, *, finest: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.kept = slice(first, end)
        self.pooled = max(1, finest // backbone.stage_strides[first])
        self.stage_channels = backbone.stage_channels[self.kept]
        self.stage_strides = tuple(stride * self.pooled for stride in backbone.stage_strides[self.kept])

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """Those maps."""
        maps = self.backbone(images_BCHW)[self.kept]
        return maps if self.pooled == 1 else [F.avg_pool2d(map_BCHW, self.pooled) for map_BCHW in maps]


class RegionVectors(nn.Module):
    """From a map and boxes to vectors: cut out at one size, then a fully connected layer.

    Args:
        channels: C.
        width: D.
        stride: pixels of the image that a step in the map stands for.
        pooled: places a side that each region is cut out at.
    """

    def __init__(self, channels: int, width: int, *, stride: int, pooled: int) -> None:
        super().__init__()
        self.stride = stride
        self.pooled = pooled
        self.connected = nn.Sequential(nn.Flatten(), nn.Linear(channels * pooled**2, width), nn.ReLU())

    def forward(self, map_BCHW: Tensor, boxes_BR4: Tensor) -> Tensor:
        """The vectors, ``(B, R, D)``."""
        batch, regions = boxes_BR4.shape[:2]
        row_B = torch.arange(batch, device=boxes_BR4.device, dtype=map_BCHW.dtype)
        rows_N5 = torch.cat([row_B.repeat_interleave(regions)[:, None], boxes_BR4.flatten(0, 1).to(map_BCHW)], dim=1)
        cut_NCPP = roi_align(map_BCHW, rows_N5, self.pooled, 1 / self.stride, sampling_ratio=_SAMPLES, aligned=True)
        return self.connected(cut_NCPP).unflatten(0, (batch, regions))
