"""A backbone and the head that every contender shares.

B batch, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.contracts import ImageBackbone


class Classifier(nn.Module):
    """A backbone and the head that every contender shares: the mean over the last feature map, then a linear layer."""

    def __init__(self, backbone: ImageBackbone, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.last_map = nn.Identity()  # where explanations see it
        self.head = nn.Linear(backbone.stage_channels[-1], num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Logits, shape ``(B, K)``."""
        map_BDHW = self.last_map(self.backbone(images_BCHW)[-1])
        one_cell = map_BDHW.shape[2:] == (1, 1)  # a dense network's: its mean is itself, at a third of the price
        return self.head(map_BDHW[:, :, 0, 0] if one_cell else map_BDHW.mean(dim=(2, 3)))
