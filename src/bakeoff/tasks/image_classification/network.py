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
        return self.head(self.last_map(self.backbone(images_BCHW)[-1]).mean(dim=(2, 3)))
