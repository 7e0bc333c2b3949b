"""What images with captions are: an image's shape and normalisation, and the tokens that captions are written in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from bakeoff.data.image.spec import UNMIXED, PixelSpec
from bakeoff.data.text.spec import meaningless_tokens

_MIRRORED = "it mirrors images, and what captions call left would be on the right, above would be below"
_TURNED = "it turns images so far that what captions call above would be beside"
_PALED = "it changes colours so far that those which captions name could be gone"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaptionSpec(PixelSpec):
    """Images and captions, as one trial sees them; lengths in tokens, the end token counted.

    ``num_unseen`` counts the test images that show what training lacks, where the data marks them. ``max_length`` is
    where captions are cut.
    """

    kind = "captioned_image"
    augmented_at_most = UNMIXED | {
        "horizontal_flip": (0.0, _MIRRORED),
        "vertical_flip": (0.0, _MIRRORED),
        "rotation": (30.0, _TURNED),
        "brightness": (0.5, _PALED),
        "contrast": (0.5, _PALED),
        "saturation": (0.5, _PALED),
    }
    length_fields = ("max_caption_length", "typical_caption_length")

    tokenizer: Mapping[str, Any]
    vocab_size: int
    max_caption_length: int
    typical_caption_length: int
    max_length: int
    num_unseen: int = 0

    def example_inputs(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Images of zeros ``(B, C, H, W)``, and shifted tokens ``(B, typical_caption_length)``."""
        images_BCHW = torch.zeros(batch_size, *self.example_shape)
        return images_BCHW, meaningless_tokens(batch_size, self.typical_caption_length)
