"""A backbone of sequences between the stem and the head that every contender of speech recognition shares.

B batch, S steps of the backbone, D model width, V vocabulary.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.contracts import SequenceBackbone
from bakeoff.tasks.frames import FrameStem


class Recogniser(nn.Module):
    """Stem, backbone, and a linear layer that says a token or nothing at each step.

    Args:
        stem: from frames to steps.
        backbone: reads both ways.
        vocab_size: V, of which PAD stands for nothing.
    """

    def __init__(self, stem: FrameStem, backbone: SequenceBackbone, *, vocab_size: int) -> None:
        super().__init__()
        self.stem = stem
        self.backbone = backbone
        self.head = nn.Linear(backbone.width, vocab_size)

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Logits, ``(B, S, V)``."""
        steps_BSD, mask_BS = self.stem(*inputs)
        logits_BSV: Tensor = self.head(self.backbone(steps_BSD, padding_mask_BT=mask_BS))
        return logits_BSV
