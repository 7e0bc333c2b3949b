"""A backbone of images whose map a decoder attends to while it writes.

B batch, C channels, H height, W width (of the image; h, w of a map), S places of the map, D model width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bakeoff.models.contracts import ImageBackbone, SequenceBackbone
from bakeoff.tasks.written.network import AttendingWriter


class MapMemory(nn.Module):
    """The places of a map as the steps of a memory, each with a learned vector for its row and one for its column.

    Args:
        channels: C, of the map.
        size: h and w.
        width: D.
    """

    def __init__(self, channels: int, size: tuple[int, int], *, width: int) -> None:
        super().__init__()
        self.size = size
        self.project = nn.Linear(channels, width)
        self.rows = nn.Parameter(torch.randn(size[0], 1, width) * 0.5)
        self.columns = nn.Parameter(torch.randn(1, size[1], width) * 0.5)
        self.norm = nn.LayerNorm(width)

    def forward(self, map_BCHW: Tensor) -> Tensor:
        """Shape ``(B, S, D)``, row by row."""
        placed_BHWD = self.project(map_BCHW.permute(0, 2, 3, 1)) + self.rows + self.columns
        memory_BSD: Tensor = self.norm(placed_BHWD.flatten(1, 2))
        return memory_BSD

    def as_maps(self, weights_LS: Tensor) -> Tensor:
        """Weights of places as pictures of them, shape ``(L, h, w)``."""
        return weights_LS.unflatten(1, self.size)


class Captioner(AttendingWriter):
    """A backbone of images, and a decoder that attends to its last map (Xu et al. 2015, arXiv:1502.03044).

    Args:
        encoder: of images.
        decoder: causal, attends to the places of the encoder's last map.
        image_shape: channels, height and width.
        vocab_size: of captions.
        embedding_width: of words.
        max_caption_length: the most tokens of a caption, the end token counted.
    """

    def __init__(
        self,
        encoder: ImageBackbone,
        decoder: SequenceBackbone,
        *,
        image_shape: tuple[int, int, int],
        vocab_size: int,
        embedding_width: int,
        max_caption_length: int,
    ) -> None:
        super().__init__(
            decoder,
            target_vocab_size=vocab_size,
            embedding_width=embedding_width,
            max_target_length=max_caption_length,
        )
        self.encoder = encoder
        self.memory = MapMemory(encoder.stage_channels[-1], _map_size(encoder, image_shape), width=decoder.width)

    def encode(self, images_BCHW: Tensor) -> tuple[Tensor, None]:
        """The places of the last map, shape ``(B, S, D)``; none of them is padding."""
        return self.memory(self.encoder(images_BCHW)[-1]), None


@torch.no_grad()
def _map_size(encoder: ImageBackbone, image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Height and width of the last map of an image."""
    was_training = encoder.training
    height, width = encoder.eval()(torch.zeros(1, *image_shape))[-1].shape[-2:]
    encoder.train(was_training)
    return height, width
