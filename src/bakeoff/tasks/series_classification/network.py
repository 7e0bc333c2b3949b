"""A backbone with the stem and head that every contender of series and audio classification shares.

B batch, T frames, K features a frame, S steps of the backbone, D model width, C classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone
from bakeoff.tasks.frames import FrameStem
from bakeoff.tasks.tokens import Pool, Pooling


class SeriesClassifier(nn.Module):
    """Stem, backbone, pooling over the real steps, and a linear layer."""

    def __init__(self, stem: FrameStem, backbone: SequenceBackbone, *, pooling: Pooling, num_classes: int) -> None:
        super().__init__()
        self.stem = stem
        self.backbone = backbone
        self.pool = Pool(pooling, width=backbone.width)
        self.head = nn.Linear(self.pool.out_features, num_classes)

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Logits, shape ``(B, C)``, of frames ``(B, T, K)`` and how many of each are real ``(B,)``."""
        steps_BSD, mask_BS = self.stem(*inputs)
        logits_BC: Tensor = self.head(self.pool(self.backbone(steps_BSD, padding_mask_BT=mask_BS), mask_BS))
        return logits_BC
