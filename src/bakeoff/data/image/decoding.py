"""One stored image in, one uint8 array out, of the size that is wanted."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import torch

from bakeoff.data.image.fitting import LETTERBOX_GRAY, placements
from bakeoff.data.image.records import PixelRule, Pixels, Record, read_pixels

if find_spec("torchvision") is None:  # told before anything is read, and not at the first picture of another size
    raise ModuleNotFoundError("No module named 'torchvision'", name="torchvision")


def decode(record: Record, *, channels: int, size: tuple[int, int], rule: PixelRule) -> Pixels:
    """The image as uint8 of shape ``(channels, *size)``.

    Another size is reached by torchvision's antialiased bilinear resize, as ``rule.fit`` says.

    Raises:
        UnreadableImage: the record is missing, truncated or not an image.
    """
    pixels_CHW = np.ascontiguousarray(read_pixels(record, channels=channels, rule=rule).transpose(2, 0, 1))
    if pixels_CHW.shape[1:] == size:
        return pixels_CHW
    from torchvision.transforms.v2 import functional  # pictures of one size do without

    height, width, top, left = placements(np.array([pixels_CHW.shape[1:]]), size, rule.fit)[0].tolist()
    resized_CHW: Pixels = functional.resize(torch.from_numpy(pixels_CHW), [height, width], antialias=True).numpy()
    if (height, width) == size:
        return resized_CHW
    filled_CHW = np.full((channels, *size), LETTERBOX_GRAY, dtype=np.uint8)
    filled_CHW[:, top : top + height, left : left + width] = resized_CHW
    return filled_CHW
