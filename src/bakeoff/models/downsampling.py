"""One rule for small images, shared by every convolutional model.

Architectures made for 224x224 divide the image by 32; an 8x8 digit would vanish on the way. As is common practice for
CIFAR, the earliest downsamplings (stem stride, stem pool, then stages) lose their stride, by halves, until the last
feature map keeps `final_map` pixels a side. At the paper's image size nothing changes.
"""

from __future__ import annotations

import dataclasses
import itertools
import operator
from collections.abc import Sequence
from typing import Literal

from torch import nn

from bakeoff.models.contracts import ImageTooSmall


@dataclasses.dataclass(frozen=True)
class Downsampling:
    """A strided convolution or pool over a square window, all in pixels."""

    kernel: int
    stride: int
    padding: int

    def output_size(self, size: int) -> int:
        """The pixels left of ``size`` pixels on one side; zero or less if the window does not fit."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1

    def gentler(self) -> Downsampling:
        """Half the stride, and an odd window to match (7 becomes 3, 11 becomes 5), padded to lose no border pixel."""
        kernel = max(3, (self.kernel // 2) | 1)
        return Downsampling(kernel=kernel, stride=self.stride // 2, padding=kernel // 2)


def fit_to_image(
    steps: Sequence[Downsampling], *, image_size: tuple[int, int], final_map: int
) -> tuple[Downsampling, ...]:
    """The downsamplings of an architecture, first one first, eased until the image survives them.

    Args:
        steps: the paper's downsamplings; what lies between them keeps the size.
        image_size: height and width in pixels; the shorter side decides.
        final_map: the least height and width of the last feature map, in pixels.

    Raises:
        ImageTooSmall: the image itself is smaller than ``final_map``.
        ValueError: ``final_map`` is below 1.
    """
    if final_map < 1:
        raise ValueError(f"final_map must be at least 1 px; got {final_map}")
    if min(image_size) < final_map:
        raise ImageTooSmall(
            f"images of {image_size[0]}x{image_size[1]} px are smaller than the last feature map: the least size is "
            f"{final_map}x{final_map} (final_map={final_map})"
        )
    eased = list(steps)
    while min(map_size(image_size, eased)) < final_map:
        first = next(index for index, step in enumerate(eased) if step.stride > 1)
        eased[first] = eased[first].gentler()
    return tuple(eased)


def map_size(image_size: tuple[int, int], steps: Sequence[Downsampling]) -> tuple[int, int]:
    """Height and width, in pixels, of an image of ``image_size`` after ``steps``."""
    height, width = image_size
    for step in steps:
        height, width = step.output_size(height), step.output_size(width)
    return height, width


def total_strides(steps: Sequence[Downsampling]) -> tuple[int, ...]:
    """After each step, how many input pixels one output pixel stands for."""
    return tuple(itertools.accumulate((step.stride for step in steps), operator.mul))


def pool(step: Downsampling, *, kind: Literal["max", "average"] = "max") -> nn.Module:
    """The pooling layer of a step; one that lost its stride is left out."""
    if step.stride == 1:
        return nn.Identity()
    layer = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}[kind]
    return layer(step.kernel, step.stride, step.padding)
