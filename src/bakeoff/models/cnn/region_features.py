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
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from bakeoff.models.cnn.fcn import FCN
from bakeoff.models.contracts import ImageBackbone

_SAMPLES = 2  # a side of each cut-out place, as in Mask R-CNN
_MOST_BY_PRODUCTS = 1024  # places of a map


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
        is_small = map_BCHW.shape[2] * map_BCHW.shape[3] <= _MOST_BY_PRODUCTS
        cut_out = cut_out_by_products if is_small else cut_out_by_kernel
        cut_NCPP = cut_out(map_BCHW, boxes_BR4.to(map_BCHW) / self.stride, self.pooled)
        return self.connected(cut_NCPP).unflatten(0, (batch, regions))


def cut_out_by_kernel(map_BCHW: Tensor, boxes_BR4: Tensor, pooled: int) -> Tensor:
    """Each region at ``pooled`` x ``pooled`` places, ``(B * R, C, P, P)``, by torchvision's kernel.

    Args:
        map_BCHW: of the images.
        boxes_BR4: corners in steps of the map.
        pooled: P.
    """
    batch, regions = boxes_BR4.shape[:2]
    row_N = torch.arange(batch, device=boxes_BR4.device).repeat_interleave(regions)
    rows_N5 = torch.cat([row_N[:, None].to(boxes_BR4), boxes_BR4.flatten(0, 1)], dim=1)
    return roi_align(map_BCHW, rows_N5, pooled, 1.0, sampling_ratio=_SAMPLES, aligned=True)


def cut_out_by_products(map_BCHW: Tensor, boxes_BR4: Tensor, pooled: int) -> Tensor:
    """The same of regions within the image, by matrix products: of small maps several times as fast on a CPU."""
    down_BRPH = _weights(boxes_BR4[..., 1], boxes_BR4[..., 3], length=map_BCHW.shape[2], pooled=pooled)
    across_BRPW = _weights(boxes_BR4[..., 0], boxes_BR4[..., 2], length=map_BCHW.shape[3], pooled=pooled)
    rows_BXY = down_BRPH.flatten(1, 2) @ rearrange(map_BCHW, "b c h w -> b h (c w)")
    rows_NYW = rearrange(rows_BXY, "b (r p) (c w) -> (b r) (p c) w", p=pooled, c=map_BCHW.shape[1])
    cut_NYP = rows_NYW @ across_BRPW.flatten(0, 1).transpose(1, 2)
    return rearrange(cut_NYP, "n (p c) q -> n c p q", p=pooled)


def _weights(start_BR: Tensor, end_BR: Tensor, *, length: int, pooled: int) -> Tensor:
    """How much of each step of the map is in each place along one side, ``(B, R, P, length)``; bilinear."""
    share_T = (torch.arange(pooled * _SAMPLES, device=start_BR.device, dtype=start_BR.dtype) + 0.5) / (
        pooled * _SAMPLES
    )
    at_BRT = (start_BR[..., None] + (end_BR - start_BR)[..., None] * share_T - 0.5).clamp(0, length - 1)
    step_L = torch.arange(length, device=start_BR.device)
    weight_BRTL = (1 - (at_BRT[..., None] - step_L).abs()).clamp(min=0)
    return weight_BRTL.unflatten(2, (pooled, _SAMPLES)).mean(dim=3)
