"""Augmentation of whole batches, each example with parameters of its own.

B batch, C channels, H height, W width, K classes. Applied to normalised float images in training only, the same for
all contenders. Random numbers come from torch's global generator, on the CPU whatever the device of the images, so that
a seed gives the same parameters everywhere; what is off draws none.

Sources: crops and flips as in He et al. 2016 (arXiv:1512.03385); random erasing, Zhong et al. 2020 (arXiv:1708.04896);
mixup, Zhang et al. 2018 (arXiv:1710.09412); CutMix, Yun et al. 2019 (arXiv:1905.04899).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from annotated_types import Interval
from torch import Tensor, nn

from bakeoff.data.batches.batch import Tree
from bakeoff.data.image.affine import AffineParameters, affine
from bakeoff.data.image.carrying import carry
from bakeoff.data.image.colour import jittered
from bakeoff.data.image.spec import ImageSpec, PixelSpec
from bakeoff.data.spec import Inputs, Spec
from bakeoff.errors import ConfigError
from bakeoff.ranges import NotNegative, Probability

_ERASING_SMALLEST = 0.02  # of the image's area, as in the paper
_ERASING_LOG_ASPECT = math.log(1 / 0.3)  # aspect ratios from 0.3 to 1 / 0.3, as in the paper


class Augment(nn.Module):
    """Random changes to a training batch; every knob at 0 is off.

    All geometric ones are one bilinear resampling, with which masks and boxes move. What comes from outside of the
    image repeats its border, or is 0 (the mean colour of the data, as images are normalised), or mirrors it, by
    ``fill``.

    Args:
        rotation: largest angle, in degrees, to either side.
        scale: largest change of size, as a fraction: 0.1 scales by 0.9 to 1.1.
        shear: largest shear angle, in degrees, along either axis.
        translate: largest shift, as a fraction of height and width; by parts of pixels.
        crop: largest shift of a padded crop, as a fraction of height and width; by whole pixels (4 of 32 is 0.125).
        horizontal_flip: probability of mirroring left and right.
        vertical_flip: probability of mirroring top and bottom.
        fill: what lies outside of the image: ``border``, ``zeros`` or ``reflection``.
        brightness: largest change, as a fraction of what there is; 0.2 multiplies by 0.8 to 1.2.
        contrast: largest change of what differs from the image's mean gray, as a fraction.
        saturation: largest change of what differs from each pixel's gray, as a fraction.
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
        brightness: Probability = 0.0,
        contrast: Probability = 0.0,
        saturation: Probability = 0.0,
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
        _require(0, 1, brightness=brightness, contrast=contrast, saturation=saturation)
        _require(_ERASING_SMALLEST, 1, erasing_area=erasing_area)
        _require(0, math.inf, noise=noise, mixup=mixup, cutmix=cutmix)
        self.rotation, self.scale, self.shear = rotation, scale, shear
        self.translate, self.crop, self.fill = translate, crop, fill
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.brightness, self.contrast, self.saturation = brightness, contrast, saturation
        self.noise, self.erasing, self.erasing_area = noise, erasing, erasing_area
        self.mixup, self.cutmix = mixup, cutmix

    @property
    def is_off(self) -> bool:
        """Whether every knob is at 0."""
        return not (self._is_geometric or self._is_colour or self.noise or self.erasing or self.mixup or self.cutmix)

    def for_data(self, spec: Spec) -> Callable[[Inputs, Tree], tuple[Inputs, Tree]] | None:
        """This augmentation for batches of the data; None where every knob is at 0.

        Raises:
            ConfigError: a knob is on, and the data is no images, or what is said of them would no longer be true.
        """
        if self.is_off:
            return None
        if not isinstance(spec, PixelSpec) or spec.augmented_at_most is None:
            problem = f"it changes images, and {spec.name} is of the kind {spec.kind}, which stays as it is"
            raise ConfigError("config.augment_misfit", "augment", None, problem, next_step="augment=none")
        self._refuse_beyond(spec.augmented_at_most, spec)
        pixels: dict[str, Any] = {"mean": spec.mean, "std": spec.std}
        if isinstance(spec, ImageSpec):
            return functools.partial(self, num_classes=spec.num_classes, **pixels)
        return functools.partial(self._of_inputs, moves_targets=spec.moves_targets, **pixels)

    def _refuse_beyond(self, augmented_at_most: Mapping[str, tuple[float, str]], spec: Spec) -> None:
        for knob, (most, what) in augmented_at_most.items():
            value = getattr(self, knob)
            if value > most:
                problem = f"{what}; {spec.name} is of the kind {spec.kind}"
                allowed = f"at most {most:g}" if most else "0"
                step = f"augment.{knob}={most:g}"
                raise ConfigError(
                    "config.augment_misfit", f"augment.{knob}", value, problem, allowed=allowed, next_step=step
                )

    def _of_inputs(self, inputs: Inputs, targets: Tree, *, moves_targets: bool, **pixels: Any) -> tuple[Inputs, Tree]:
        """As `changed`, of inputs that are images or begin with them."""
        images_BCHW = inputs if isinstance(inputs, Tensor) else inputs[0]
        images_BCHW, moved = self.changed(images_BCHW, targets if moves_targets else None, **pixels)
        changed = images_BCHW if isinstance(inputs, Tensor) else (images_BCHW, *inputs[1:])
        return changed, moved if moves_targets else targets

    @torch.no_grad()
    def forward(
        self,
        images_BCHW: Tensor,
        labels_B: Tensor,
        *,
        num_classes: int,
        mean: Sequence[float] = (0.0,),
        std: Sequence[float] = (1.0,),
    ) -> tuple[Tensor, Tensor]:
        """The changed images, and the labels: as they came, or soft ``(B, K)`` under mixup and CutMix."""
        images_BCHW, _ = self.changed(images_BCHW, None, mean=mean, std=std)
        if self.mixup or self.cutmix:
            return self._mix(images_BCHW, labels_B, num_classes)
        return images_BCHW, labels_B

    @torch.no_grad()
    def changed(
        self, images_BCHW: Tensor, targets: Tree, *, mean: Sequence[float], std: Sequence[float]
    ) -> tuple[Tensor, Tree]:
        """The changed images, and masks or boxes that have moved with them.

        Args:
            images_BCHW: normalised.
            targets: masks ``(B, H, W)`` or boxes, as `carry` takes them; None for nothing that moves.
            mean: of each channel, by which images were normalised.
            std: of each channel.
        """
        if self._is_geometric:
            drawn = self._drawn(images_BCHW)
            images_BCHW = affine(images_BCHW, drawn, fill=self.fill)
            targets = carry(targets, drawn, size=(images_BCHW.shape[2], images_BCHW.shape[3]))
        if self._is_colour:
            batch = len(images_BCHW)
            factors_3B = torch.stack(
                [1 + _uniform(batch, f) for f in (self.brightness, self.contrast, self.saturation)]
            )
            images_BCHW = jittered(images_BCHW, factors_3B, mean=mean, std=std)
        if self.noise:
            images_BCHW = images_BCHW + self.noise * torch.randn(images_BCHW.shape).to(images_BCHW)
        return (self._erase(images_BCHW) if self.erasing else images_BCHW), targets

    @property
    def _is_colour(self) -> bool:
        return bool(self.brightness or self.contrast or self.saturation)

    @property
    def _is_geometric(self) -> bool:
        warps = (self.rotation, self.scale, self.shear, self.translate, self.crop)
        return any((*warps, self.horizontal_flip, self.vertical_flip))

    def _drawn(self, images_BCHW: Tensor) -> AffineParameters:
        batch, _, height, width = images_BCHW.shape
        return AffineParameters(
            degrees=_uniform(batch, self.rotation),
            scale=1 + _uniform(batch, self.scale),
            shear_x=_uniform(batch, self.shear),
            shear_y=_uniform(batch, self.shear),
            shift_x=self._shift(batch, width),
            shift_y=self._shift(batch, height),
            mirror_x=_coin(batch, self.horizontal_flip),
            mirror_y=_coin(batch, self.vertical_flip),
        )

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
