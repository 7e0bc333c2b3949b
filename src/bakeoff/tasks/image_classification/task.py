"""Image classification: one label an image.

B batch, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.spec import Inputs
from bakeoff.models.contracts import ImageBackbone
from bakeoff.tasks import class_scores
from bakeoff.tasks.classification import Classification
from bakeoff.training.loop.module import Batch, MakeBackbone, OptimizerFactory
from bakeoff.training.loop.schedules import Schedule


class Classifier(nn.Module):
    """A backbone and the head that every contender shares: the mean over the last feature map, then a linear layer."""

    def __init__(self, backbone: ImageBackbone, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.stage_channels[-1], num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Logits, shape ``(B, K)``."""
        return self.head(self.backbone(images_BCHW)[-1].mean(dim=(2, 3)))


class ImageClassification(Classification):
    """Cross-entropy on one label an image; accuracy, macro-F1 and calibration error (all in [0, 1]).

    Accuracy and macro-F1: higher is better. Calibration error (expected, 15 bins, L1; Guo et al. 2017,
    arXiv:1706.04599): lower is better. Macro-F1 is over the classes that occur.

    Args:
        net: a `Classifier`.
        spec: what the data is; gives the number of classes.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1).
    """

    trivial_words = "always answering the most frequent class"

    def __init__(
        self,
        *,
        net: nn.Module,
        spec: ImageSpec,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Callable[[Inputs, Tensor], Batch] | None = None,
        gradient_clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        self.num_classes = len(spec.class_names)
        super().__init__(
            net=net,
            optimizer=optimizer,
            schedule=schedule,
            augment=augment,
            gradient_clip_norm=gradient_clip_norm,
            seed=seed,
        )
        self.label_smoothing = label_smoothing

    @staticmethod
    def network(make: MakeBackbone, spec: ImageSpec) -> nn.Module:
        """The backbone with the shared head for the data's classes."""
        backbone = make(**spec.model_arguments())
        assert isinstance(backbone, ImageBackbone)
        return Classifier(backbone, len(spec.class_names))

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats; labels ``(B,)`` or class weights ``(B, K)``."""
        return F.cross_entropy(outputs, targets, label_smoothing=self.label_smoothing if self.training else 0.0)

    def hard_targets(self, targets: Tensor) -> Tensor:
        """The heaviest class where mixing made the labels soft."""
        return targets.argmax(dim=1) if targets.ndim == 2 else targets

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss and accuracy; in validation and test macro-F1 and expected calibration error too."""
        metrics: dict[str, Metric | MetricCollection] = {"loss": MeanMetric()}
        if split == "train":
            metrics["accuracy"] = MulticlassAccuracy(self.num_classes, average="micro", validate_args=False)
        else:
            metrics |= class_scores.single_label_metrics(self.num_classes)
        return MetricCollection(metrics, compute_groups=False)
