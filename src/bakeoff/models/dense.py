"""What models with a map of the image's own size share: images whose sides their strides do not divide.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from bakeoff.models.image_as_sequence import pad_to_patches


def at_full_size(images_BCHW: Tensor, stride: int, run: Callable[[Tensor], Tensor]) -> Tensor:
    """A map of the images' size: they are padded to a multiple of ``stride``, and what is beyond them is cut off.

    Args:
        images_BCHW: of any size.
        stride: what the model divides sides by on its way.
        run: from padded images to a map of their size.
    """
    height, width = images_BCHW.shape[-2:]
    return run(pad_to_patches(images_BCHW, stride, stride))[..., :height, :width]
