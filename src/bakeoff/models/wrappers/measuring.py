"""What a foreign architecture makes of an image, found by trying it.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from bakeoff.models.contracts import ImageTooSmall


def measured_maps(
    model: nn.Module,
    forward: Callable[[Tensor], list[Tensor]],
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
    with _evaluation(model), torch.no_grad():
        try:
            maps = forward(image_1CHW)
        except (RuntimeError, AssertionError, ValueError) as error:
            raise too_small from error
    if any(map_BCHW.numel() == 0 for map_BCHW in maps):
        raise too_small
    return maps


def stride(image_size: tuple[int, int], map_BCHW: Tensor) -> int:
    """How many input pixels one step of the map stands for: a power of two or, failing that, the nearest whole number."""
    ratio = max(size / count for size, count in zip(image_size, map_BCHW.shape[-2:], strict=True))
    power = 1
    while power * 2 <= ratio:
        power *= 2
    return power


@contextlib.contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
