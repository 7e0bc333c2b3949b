"""A backbone between the stem and the head that every contender of a probe shares.

B batch, T time steps, C channels, D model width, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.data.probes.spec import PAD, ProbeSpec
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.tasks.tokens import Pool


class ProbeNetwork(nn.Module):
    """A backbone between a stem (linear for numbers, an embedding for tokens) and a linear head.

    The head reads the last real step, or every step where each has an answer.
    """

    def __init__(self, backbone: SequenceBackbone, *, stem: nn.Module, spec: ProbeSpec) -> None:
        super().__init__()
        self.stem = stem
        self.backbone = backbone
        self.last = None if spec.every_step else Pool("last", width=backbone.width)
        self.is_number = spec.num_classes == 0
        self.head = nn.Linear(backbone.width, max(spec.num_classes, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits ``(B, K)`` or ``(B, T, K)``, or numbers ``(B,)``."""
        mask_BT = None if inputs.is_floating_point() or inputs.is_meta else inputs == PAD
        encoded_BTD = self.backbone(self.stem(inputs), padding_mask_BT=mask_BT)
        outputs = self.head(encoded_BTD if self.last is None else self.last(encoded_BTD, mask_BT))
        return outputs.squeeze(-1) if self.is_number else outputs
