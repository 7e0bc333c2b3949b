"""A backbone and the head that every contender shares.

B batch, C channels, H height, W width (of the image; h, w of a map), K classes.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.contracts import ImageBackbone


class Segmenter(nn.Module):
    """A backbone and the shared head: linear at each place of the last map, then enlarged bilinearly."""

    def __init__(self, backbone: ImageBackbone, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.stride = backbone.stage_strides[-1]
        self.head = nn.Conv2d(backbone.stage_channels[-1], num_classes, kernel_size=1)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Logits of each pixel, shape ``(B, K, H, W)``."""
        logits_BKhw = self.head(self.backbone(images_BCHW)[-1])
        return enlarged(logits_BKhw, (images_BCHW.shape[2], images_BCHW.shape[3]), stride=self.stride)


def enlarged(map_BKhw: Tensor, size: tuple[int, int], *, stride: int) -> Tensor:
    """The map at the image's size, bilinearly; what lies beyond the image, where it was padded, is cut off."""
    height, width = size
    covered = (map_BKhw.shape[2] * stride, map_BKhw.shape[3] * stride)
    target = covered if covered[0] >= height and covered[1] >= width else (height, width)
    if map_BKhw.shape[2:] != target:
        map_BKhw = F.interpolate(map_BKhw, size=target, mode="bilinear", align_corners=False)
    return map_BKhw[..., :height, :width]
