"""What images with captions are: an image's shape and normalisation, and the tokens that captions are written in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from bakeoff.data.image.spec import PixelSpec
from bakeoff.data.text.spec import meaningless_tokens


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaptionSpec(PixelSpec):
    """Images and captions, as one trial sees them; lengths in tokens, the end token counted.

    ``num_unseen`` counts the test images that show what training lacks, where the data marks them. ``max_length`` is
    where captions are cut.
    """

    kind = "captioned_image"
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
