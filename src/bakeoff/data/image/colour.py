"""Colours of normalised images changed, by factors of each image's own.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_GRAY = (0.2989, 0.587, 0.114)
"""What red, green and blue add to gray, as in torchvision."""


def jittered(images_BCHW: Tensor, factors_3B: Tensor, *, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Brightness, contrast and saturation changed one after the other, as torchvision's ``adjust_`` functions do.

    Args:
        images_BCHW: normalised.
        factors_3B: of each of the three; 1 changes nothing.
        mean: of each channel, of pixels in [0, 1].
        std: of each channel.
    """
    mean_C11, std_C11 = (torch.tensor(values).to(images_BCHW).view(-1, 1, 1) for values in (mean, std))
    brightness_B111, contrast_B111, saturation_B111 = factors_3B.to(images_BCHW)[..., None, None, None]
    pixels_BCHW = (images_BCHW * std_C11 + mean_C11).mul(brightness_B111).clamp(0, 1)
    middle_B111 = _gray(pixels_BCHW).mean(dim=(1, 2, 3), keepdim=True)
    pixels_BCHW = torch.lerp(middle_B111, pixels_BCHW, contrast_B111).clamp(0, 1)
    pixels_BCHW = torch.lerp(_gray(pixels_BCHW), pixels_BCHW, saturation_B111).clamp(0, 1)
    return (pixels_BCHW - mean_C11) / std_C11


def _gray(pixels_BCHW: Tensor) -> Tensor:
    """Gray of colours, ``(B, 1, H, W)``; images of one channel as they are."""
    if pixels_BCHW.shape[1] == 1:
        return pixels_BCHW
    weights_C11 = torch.tensor(_GRAY).to(pixels_BCHW).view(3, 1, 1)
    return (pixels_BCHW * weights_C11).sum(dim=1, keepdim=True)
