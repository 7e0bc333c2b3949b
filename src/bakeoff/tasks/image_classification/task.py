"""Image classification: one label an image.

B batch, K classes.
"""

from __future__ import annotations

from torch import nn

from bakeoff.data.image.spec import ImageSpec
from bakeoff.models.contracts import ImageBackbone
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.contract import MakeBackbone
from bakeoff.tasks.image_classification.network import Classifier


class ImageClassification(Classification[ImageSpec]):
    """Cross-entropy on one label an image; measured by what `bakeoff.tasks.classes.facts` declares."""

    trivial_words = "always answering the most frequent class"

    def network(self, make: MakeBackbone) -> nn.Module:
        """The backbone with the shared head for the data's classes."""
        backbone = make(**self.spec.model_arguments())
        assert isinstance(backbone, ImageBackbone)
        return Classifier(backbone, self.num_classes)
