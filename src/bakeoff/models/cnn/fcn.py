"""FCN: the maps of a classification network, scored at each size and summed from coarse to fine.

Paper: Long, Shelhamer & Darrell 2015, Fully convolutional networks for semantic segmentation, arXiv:1411.4038.

B batch, C channels, H height, W width.

Departures from the paper: stages are mapped to ``channels`` in place of class scores, which the task's head makes of
their sum (both are linear, so that nothing is lost where there are at least as many channels as classes); maps are
enlarged by bilinear interpolation throughout, where the paper learns the factors of two from that start.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.models.contracts import ImageBackbone
from bakeoff.ranges import Count, Positive, WholeNumber


class FCN(ImageBackbone):
    """FCN-32s, -16s and -8s (Long et al. 2015, arXiv:1411.4038) over any backbone of images.

    Args:
        backbone: makes the backbone; it is called with the data's channels and size, and with ``width``.
        width: of the backbone.
        skips: finer stages that are added to the last one: 0 is the paper's 32s, 1 its 16s and 2 its 8s; of a backbone
            with fewer stages all are taken.
        channels: of the map that is given out.

    Raises:
        ValueError: ``skips`` is below 0, or ``channels`` below 1.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        image_size: tuple[int, int],
        backbone: Callable[..., ImageBackbone],
        width: Positive = 1.0,
        skips: WholeNumber = 2,
        channels: Count = 32,
    ) -> None:
        super().__init__()
        if skips < 0 or channels < 1:
            raise ValueError(f"skips must be at least 0 and channels at least 1; got {skips} and {channels}")
        self.backbone = backbone(in_channels=in_channels, image_size=image_size, width=width)
        taken = self.backbone.stage_channels[-1 - skips :]
        self.scores = nn.ModuleList(nn.Conv2d(own, channels, kernel_size=1) for own in taken)
        self.stage_channels = (channels,)
        self.stage_strides = (self.backbone.stage_strides[-len(taken)],)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """One map, of the size of the finest stage that is taken."""
        maps = self.backbone(images_BCHW)[-len(self.scores) :]
        scored = [score(map_BCHW) for score, map_BCHW in zip(self.scores, maps, strict=True)]
        total_BCHW = scored.pop()
        while scored:
            finer_BCHW = scored.pop()
            total_BCHW = finer_BCHW + F.interpolate(total_BCHW, size=finer_BCHW.shape[-2:], mode="bilinear")
        return [total_BCHW]
