"""Augmentation of whole batches, each example with parameters of its own.

B batch, C channels, H height, W width, K classes. Applied to normalised float images in training only, the same for
all contenders. Random numbers come from torch's global generator, on the CPU whatever the device of the images, so that
a seed gives the same parameters everywhere; what is off draws none.

Sources: crops and flips as in He et al. 2016 (arXiv:1512.03385); random erasing, Zhong et al. 2020 (arXiv:1708.04896);
mixup, Zhang et al. 2018 (arXiv:1710.09412); CutMix, Yun et al. 2019 (arXiv:1905.04899).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from annotated_types import Interval
from torch import Tensor, nn
from torch.nn import functional

from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.spec import Inputs, Spec
from bakeoff.errors import ConfigError
from bakeoff.ranges import NotNegative, Probability

_ERASING_SMALLEST = 0.02  # of the image's area, as in the paper
_ERASING_LOG_ASPECT = math.log(1 / 0.3)  # aspect ratios from 0.3 to 1 / 0.3, as in the paper


@dataclasses.dataclass(frozen=True)
class AffineParameters:
    """What is done to each example, each of shape ``(B,)``: turned, scaled, sheared and moved about its centre.

    Degrees turn counter-clockwise as in torchvision's ``rotate`` with a negative sign: as its ``affine``, clockwise in
    the picture. Shifts are in pixels, to the right and down. A scale of 2 doubles what is seen.
    """

    degrees: Tensor
    scale: Tensor
    shear_x: Tensor
    shear_y: Tensor
    shift_x: Tensor
    shift_y: Tensor
    mirror_x: Tensor
    mirror_y: Tensor


class Augment(nn.Module):
    """Random changes to a training batch; every knob at 0 is off.

    All geometric ones are one bilinear resampling. What comes from outside of the image repeats its border, or is 0
    (the mean colour of the data, as images are normalised), or mirrors it, by ``fill``.

    Args:
        rotation: largest angle, in degrees, to either side.
        scale: largest change of size, as a fraction: 0.1 scales by 0.9 to 1.1.
        shear: largest shear angle, in degrees, along either axis.
        translate: largest shift, as a fraction of height and width; by parts of pixels.
        crop: largest shift of a padded crop, as a fraction of height and width; by whole pixels (4 of 32 is 0.125).
        horizontal_flip: probability of mirroring left and right.
        vertical_flip: probability of mirroring top and bottom.
        fill: what lies outside of the image: ``border``, ``zeros`` or ``reflection``.
        noise: standard deviation of Gaussian noise, as a fraction of the data's own.
        erasing: probability of setting a random rectangle to 0.
        erasing_area: the rectangle's largest area, as a fraction of the image's (from 0.02).
        mixup: alpha of mixup's Beta distribution (0.2 is usual).
        cutmix: alpha of CutMix's Beta distribution (1.0 is usual); with mixup too, each batch takes one of the two.

    Raises:
        ConfigError: a knob outside of its range.
    """

    def __init__(
        self,
        *,
        rotation: Annotated[float, Interval(ge=0, le=180)] = 0.0,
        scale: Annotated[float, Interval(ge=0, le=0.99)] = 0.0,
        shear: Annotated[float, Interval(ge=0, le=80)] = 0.0,
        translate: Annotated[float, Interval(ge=0, le=0.99)] = 0.0,
        crop: Annotated[float, Interval(ge=0, le=0.99)] = 0.0,
        horizontal_flip: Probability = 0.0,
        vertical_flip: Probability = 0.0,
        fill: Literal["border", "zeros", "reflection"] = "border",
        noise: NotNegative = 0.0,
        erasing: Probability = 0.0,
        erasing_area: Annotated[float, Interval(ge=0.02, le=1)] = 0.33,
        mixup: NotNegative = 0.0,
        cutmix: NotNegative = 0.0,
    ) -> None:
        super().__init__()
        _require(0, 180, rotation=rotation)
        _require(0, 0.99, scale=scale, translate=translate, crop=crop)
        _require(0, 80, shear=shear)
        _require(0, 1, horizontal_flip=horizontal_flip, vertical_flip=vertical_flip, erasing=erasing)
        _require(_ERASING_SMALLEST, 1, erasing_area=erasing_area)
        _require(0, math.inf, noise=noise, mixup=mixup, cutmix=cutmix)
        self.rotation, self.scale, self.shear = rotation, scale, shear
        self.translate, self.crop, self.fill = translate, crop, fill
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.noise, self.erasing, self.erasing_area = noise, erasing, erasing_area
        self.mixup, self.cutmix = mixup, cutmix

    @property
    def is_off(self) -> bool:
        """Whether every knob is at 0."""
        return not (self._is_geometric or self.noise or self.erasing or self.mixup or self.cutmix)

    def for_data(self, spec: Spec) -> Callable[[Inputs, Tensor], tuple[Inputs, Tensor]] | None:
        """This augmentation for batches of the data; None where every knob is at 0.

        Raises:
            ConfigError: a knob is on, and the data is no images.
        """
        if self.is_off:
            return None
        if not isinstance(spec, ImageSpec):
            problem = f"it changes images, and {spec.name} is of the kind {spec.kind}"
            raise ConfigError("config.augment_misfit", "augment", None, problem, next_step="augment=none")
        return functools.partial(self, num_classes=spec.num_classes)

    @torch.no_grad()
    def forward(self, images_BCHW: Tensor, labels_B: Tensor, *, num_classes: int) -> tuple[Tensor, Tensor]:
        """The changed images, and the labels: as they came, or soft ``(B, K)`` under mixup and CutMix."""
        if self._is_geometric:
            images_BCHW = self._transform(images_BCHW)
        if self.noise:
            images_BCHW = images_BCHW + self.noise * torch.randn(images_BCHW.shape).to(images_BCHW)
        if self.erasing:
            images_BCHW = self._erase(images_BCHW)
        if self.mixup or self.cutmix:
            return self._mix(images_BCHW, labels_B, num_classes)
        return images_BCHW, labels_B

    @property
    def _is_geometric(self) -> bool:
        warps = (self.rotation, self.scale, self.shear, self.translate, self.crop)
        return any((*warps, self.horizontal_flip, self.vertical_flip))

    def _transform(self, images_BCHW: Tensor) -> Tensor:
        batch, _, height, width = images_BCHW.shape
        drawn = AffineParameters(
            degrees=_uniform(batch, self.rotation),
            scale=1 + _uniform(batch, self.scale),
            shear_x=_uniform(batch, self.shear),
            shear_y=_uniform(batch, self.shear),
            shift_x=self._shift(batch, width),
            shift_y=self._shift(batch, height),
            mirror_x=_coin(batch, self.horizontal_flip),
            mirror_y=_coin(batch, self.vertical_flip),
        )
        return affine(images_BCHW, drawn, fill=self.fill)

    def _shift(self, batch: int, pixels: int) -> Tensor:
        """In pixels: a continuous part, and a part of whole pixels."""
        return _uniform(batch, self.translate * pixels) + _whole(batch, round(self.crop * pixels))

    def _erase(self, images_BCHW: Tensor) -> Tensor:
        """Zero a rectangle of random area, aspect and place in the examples that the coin picks."""
        batch, _, height, width = images_BCHW.shape
        area = height * width * (_ERASING_SMALLEST + (self.erasing_area - _ERASING_SMALLEST) * torch.rand(batch))
        aspect = torch.exp(_uniform(batch, _ERASING_LOG_ASPECT))
        tall = (area * aspect).sqrt().round().clamp(1, height)
        wide = (area / aspect).sqrt().round().clamp(1, width)
        rows_BH = _interval(height, start=_start(height - tall), length=tall)
        columns_BW = _interval(width, start=_start(width - wide), length=wide)
        erased_BHW = rows_BH[:, :, None] & columns_BW[:, None, :] & _coin(batch, self.erasing)[:, None, None]
        return images_BCHW.masked_fill(erased_BHW[:, None].to(images_BCHW.device), 0.0)

    def _mix(self, images_BCHW: Tensor, labels_B: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
        from torchvision.transforms import v2  # an extra, and a text trial makes an augmentation too: one that is off

        both = self.mixup and self.cutmix
        cut = bool(torch.rand(()) < 0.5) if both else bool(self.cutmix)
        if cut:
            return v2.CutMix(alpha=self.cutmix, num_classes=num_classes)(images_BCHW, labels_B)
        return v2.MixUp(alpha=self.mixup, num_classes=num_classes)(images_BCHW, labels_B)


def affine(images_BCHW: Tensor, parameters: AffineParameters, *, fill: str) -> Tensor:
    """Each image moved by its own affine map, bilinearly, in one resampling.

    The map is torchvision's: scale, shear along x then y, rotation, then the shift; mirroring comes first.

    Args:
        images_BCHW: float images.
        parameters: one value an example.
        fill: ``padding_mode`` of torch's ``grid_sample``.
    """
    _, _, height, width = images_BCHW.shape
    to_source_B33 = torch.linalg.inv(_matrix(parameters))
    # from pixels about the centre to grid_sample's coordinates, which run from -1 to 1 along either axis
    unit_3 = torch.tensor([width / 2, height / 2, 1.0])
    theta_B23 = (to_source_B33 * unit_3 / unit_3[:, None])[:, :2]
    grid_BHW2 = functional.affine_grid(theta_B23.to(images_BCHW), list(images_BCHW.shape), align_corners=False)
    return functional.grid_sample(images_BCHW, grid_BHW2, mode="bilinear", padding_mode=fill, align_corners=False)


def _matrix(parameters: AffineParameters) -> Tensor:
    """Where each pixel goes, in pixels about the centre, shape ``(B, 3, 3)``."""
    angle = torch.deg2rad(parameters.degrees)
    tan_x, tan_y = (torch.tan(torch.deg2rad(shear)) for shear in (parameters.shear_x, parameters.shear_y))
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    turn = _stack([[angle.cos(), -angle.sin(), zero], [angle.sin(), angle.cos(), zero], [zero, zero, one]])
    shear = _stack([[one, -tan_x, zero], [-tan_y, 1 + tan_x * tan_y, zero], [zero, zero, one]])
    shift = _stack([[one, zero, parameters.shift_x], [zero, one, parameters.shift_y], [zero, zero, one]])
    sign_x = torch.where(parameters.mirror_x, -parameters.scale, parameters.scale)
    sign_y = torch.where(parameters.mirror_y, -parameters.scale, parameters.scale)
    size = _stack([[sign_x, zero, zero], [zero, sign_y, zero], [zero, zero, one]])
    return shift @ turn @ shear @ size


def _stack(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def _uniform(batch: int, largest: float) -> Tensor:
    return (2 * torch.rand(batch) - 1) * largest if largest else torch.zeros(batch)


def _whole(batch: int, largest: int) -> Tensor:
    return torch.randint(-largest, largest + 1, (batch,)).float() if largest else torch.zeros(batch)


def _coin(batch: int, probability: float) -> Tensor:
    return torch.rand(batch) < probability if probability else torch.zeros(batch, dtype=torch.bool)


def _start(room_B: Tensor) -> Tensor:
    return (torch.rand(len(room_B)) * (room_B + 1)).floor()


def _interval(size: int, *, start: Tensor, length: Tensor) -> Tensor:
    """True from ``start`` for ``length`` places, shape ``(B, size)``."""
    place = torch.arange(size)
    return (place >= start[:, None]) & (place < (start + length)[:, None])


def _require(smallest: float, largest: float, **knobs: float) -> None:
    for name, value in knobs.items():
        if not smallest <= value <= largest:
            allowed = f"from {smallest} to {largest}"
            raise ConfigError("config.out_of_range", f"augment.{name}", value, "is out of range", allowed=allowed)
