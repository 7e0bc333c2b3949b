"""Noise, blur and loss of contrast, after Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to
common corruptions and perturbations", arXiv:1903.12261: severities 1, 3 and 5 of ImageNet-C, blur by the image's size.

N images, H height, W width, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bakeoff.data.corruption import SEED, Corruption
from bakeoff.data.image.records import Pixels

CORRUPTIONS: Mapping[str, Corruption] = {
    "noise": Corruption("Gaussian noise, its deviation of the range of pixels", (0.08, 0.18, 0.38)),
    "blur": Corruption("Gaussian blur, its deviation of the shorter side", (0.0125, 0.025, 0.05)),
    "contrast": Corruption("what is left of the contrast", (0.4, 0.2, 0.05)),
}


def corrupted_pixels(pixels_NHWC: Pixels, name: str, amount: float) -> Pixels:
    """The images, uint8, spoilt in that way."""
    wide_NHWC = pixels_NHWC.astype(np.float32)
    if name == "noise":
        wide_NHWC += np.random.default_rng(SEED).normal(0, 255 * amount, wide_NHWC.shape).astype(np.float32)
    elif name == "blur":
        sides = [side for side in wide_NHWC.shape[1:3] if side > 1]  # a signal has one
        sigma = amount * min(sides, default=1)
        from scipy.ndimage import gaussian_filter  # no training needs it

        wide_NHWC = gaussian_filter(wide_NHWC, (0, sigma, sigma, 0), mode="nearest")
    else:
        mean_N111 = wide_NHWC.mean(axis=(1, 2, 3), keepdims=True)
        wide_NHWC = mean_N111 + amount * (wide_NHWC - mean_N111)
    found: Pixels = np.rint(np.clip(wide_NHWC, 0, 255)).astype(np.uint8)
    return found
