"""A detector and the head that every contender shares.

B batch, C channels, H height, W width, D size of a region's vector, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.models.contracts import Detector, DetectorOutputs


class DetectionHead(nn.Module):
    """What is said of a region's vector: a linear map to classes and "nothing", and two layers to a box's numbers."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__()
        self.classes = _nearly_zero(nn.Linear(width, num_classes + 1))
        self.box = nn.Sequential(nn.Linear(width, width), nn.ReLU(), _nearly_zero(nn.Linear(width, 4)))

    def forward(self, vectors_D: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(..., K + 1)`` and numbers ``(..., 4)`` of vectors ``(..., D)``."""
        return self.classes(vectors_D), self.box(vectors_D)


def _nearly_zero(layer: nn.Linear) -> nn.Linear:
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer


class DetectionNetwork(nn.Module):
    """A detector with the shared head."""

    def __init__(self, detector: Detector, num_classes: int) -> None:
        super().__init__()
        self.detector = detector
        self.head = DetectionHead(detector.width, num_classes)

    def forward(self, images_BCHW: Tensor) -> DetectorOutputs:
        """What the images show."""
        return self.detector(images_BCHW, self.head)
