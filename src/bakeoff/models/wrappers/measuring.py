"""What a foreign architecture makes of its input, found by trying it.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from bakeoff.models.contracts import ImageTooSmall


def measured_maps(
    model: nn.Module,
    *,
    in_channels: int,
    image_size: tuple[int, int],
    name: str,
) -> list[Tensor]:
    """The feature maps of one black image; the model's state is unchanged.

    Raises:
        ImageTooSmall: the architecture fails on an image of that size, or leaves no pixel.
    """
    image_1CHW = torch.zeros(1, in_channels, *image_size)
    too_small = ImageTooSmall(
        f"{name} can't read images of {image_size[0]}x{image_size[1]} px: it reduces them to nothing; "
        "take larger images (data.image_size) or one of this package's own models, which adapt"
    )
    with evaluated(model):
        try:
            maps = model(image_1CHW)
        except (RuntimeError, AssertionError, ValueError) as error:
            raise too_small from error
    if any(map_BCHW.numel() == 0 for map_BCHW in maps):
        raise too_small
    return maps


@contextlib.contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """Within it, the model is in evaluation mode and records nothing."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)
