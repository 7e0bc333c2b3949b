"""Image classification: one label an image.

B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.data.contract import Cases
from bakeoff.data.image.spec import ImageSpec
from bakeoff.models.contracts import ImageBackbone
from bakeoff.tasks.classification import Classification
from bakeoff.tasks.contract import MakeBackbone
from bakeoff.tasks.exhibits import Exhibit, GlancesExhibit
from bakeoff.tasks.explained import Explained
from bakeoff.tasks.image_classification.network import Classifier


class ImageClassification(Classification[ImageSpec]):
    """Cross-entropy on one label an image; measured by what `bakeoff.tasks.classes.facts` declares."""

    trivial_words = "always answering the most frequent class"

    def network(self, make: MakeBackbone) -> nn.Module:
        """The backbone with the shared head for the data's classes."""
        backbone = make(**self.spec.model_arguments())
        assert isinstance(backbone, ImageBackbone)
        return Classifier(backbone, self.num_classes)

    def explained(self, net: nn.Module, inputs: Tensor) -> Explained:
        """Pixels; a blank one has the train mean."""
        assert isinstance(net, Classifier)
        blank_BCHW = torch.zeros_like(inputs)
        real_BHW = torch.ones_like(inputs[:, 0], dtype=torch.bool)
        places = {"blank": blank_BCHW, "vector_axis": 1, "real_BP": real_BHW, "last_map": net.last_map}
        return self.explained_by(net, inputs, drawn=_drawn, **places)


def _drawn(row: int, shares: Mapping[str, np.ndarray], case: Cases, said: str, right: str) -> Exhibit:
    """Where the image speaks for what is said."""
    weights_LHW = np.stack([own_HW.clip(min=0) for own_HW in shares.values()])
    pixels_HWC = np.atleast_3d(case.raw[0])
    return GlancesExhibit(pixels_HWC=pixels_HWC, output=said, truth=right, tokens=[*shares], weights_LHW=weights_LHW)
