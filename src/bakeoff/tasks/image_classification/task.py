"""Image classification: one label an image.

B batch, K classes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.data.batches.batch import Batch
from bakeoff.data.image.spec import ImageSpec
from bakeoff.models.contracts import ImageBackbone
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.contract import MakeBackbone
from bakeoff.tasks.image_classification.network import Classifier


class ImageClassification(Classification[ImageSpec]):
    """Cross-entropy on one label an image; accuracy, macro-F1 and calibration error (all in [0, 1]).

    Accuracy and macro-F1: higher is better. Calibration error (expected, 15 bins, L1; Guo et al. 2017,
    arXiv:1706.04599): lower is better. Macro-F1 is over the classes that occur.

    Args:
        spec: what the data is; gives the number of classes.
        label_smoothing: mass moved from the label to all classes alike, in [0, 1).
    """

    trivial_words = "always answering the most frequent class"

    def network(self, make: MakeBackbone) -> nn.Module:
        """The backbone with the shared head for the data's classes."""
        backbone = make(**self.spec.model_arguments())
        assert isinstance(backbone, ImageBackbone)
        return Classifier(backbone, self.num_classes)

    def loss(self, outputs: Tensor, batch: Batch, *, training: bool) -> Tensor:
        """Mean cross-entropy in nats; labels ``(B,)`` or class weights ``(B, K)``."""
        return F.cross_entropy(outputs, batch.targets, label_smoothing=self.label_smoothing if training else 0.0)

    def observe(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Probabilities, and the heaviest class where mixing made the labels soft."""
        targets: Tensor = batch.targets
        return torch.softmax(outputs.detach().float(), dim=1), targets.argmax(dim=1) if targets.ndim == 2 else targets
