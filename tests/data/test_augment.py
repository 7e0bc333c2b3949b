"""Augmentation: the affine map is torchvision's, each knob does what it says, and what is off draws nothing."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as reference

from bakeoff.data.image.affine import AffineParameters, affine
from bakeoff.data.image.augment import Augment
from bakeoff.errors import ConfigError


def images(batch: int = 8, channels: int = 2, height: int = 16, width: int = 12) -> Tensor:
    """Standard normal pixels."""
    return torch.randn(batch, channels, height, width, generator=torch.Generator().manual_seed(0))


def labels(batch: int = 8) -> Tensor:
    """0, 1, 2, 0, ..."""
    return torch.arange(batch) % 3


def parameters(batch: int, **changes: list[float]) -> AffineParameters:
    """The identity, but for these."""
    zero, off = torch.zeros(batch), torch.zeros(batch, dtype=torch.bool)
    same = AffineParameters(zero, torch.ones(batch), zero, zero, zero, zero, off, off)
    return dataclasses.replace(same, **{name: torch.tensor(values) for name, values in changes.items()})


def apply(augment: Augment, *, seed: int = 0, batch: Tensor | None = None) -> Tensor:
    """The changed images."""
    torch.manual_seed(seed)
    batch = images() if batch is None else batch
    return augment(batch, labels(len(batch)), num_classes=3)[0]


@pytest.mark.parametrize(
    "case",
    [
        {"degrees": 30.0},
        {"scale": 1.3},
        {"shear_x": 15.0},
        {"shear_y": -20.0},
        {"shift_x": 3.0, "shift_y": -2.0},
        {"degrees": -50.0, "scale": 0.8, "shear_x": 10.0, "shear_y": 5.0, "shift_x": -2.0, "shift_y": 1.0},
    ],
)
def test_the_affine_map_is_that_of_torchvision(case: dict[str, float]) -> None:
    image_1CHW = images(1)
    ours = affine(image_1CHW, parameters(1, **{name: [value] for name, value in case.items()}), fill="zeros")
    theirs = reference.affine(
        image_1CHW,
        angle=case.get("degrees", 0.0),
        translate=[case.get("shift_x", 0.0), case.get("shift_y", 0.0)],
        scale=case.get("scale", 1.0),
        shear=[case.get("shear_x", 0.0), case.get("shear_y", 0.0)],
        interpolation=InterpolationMode.BILINEAR,
    )
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_each_example_has_parameters_of_its_own() -> None:
    batch = images(2)
    both = affine(batch, parameters(2, degrees=[20.0, -35.0]), fill="border")
    for index, degrees in enumerate((20.0, -35.0)):
        alone = affine(batch[index : index + 1], parameters(1, degrees=[degrees]), fill="border")
        assert torch.allclose(both[index], alone[0], atol=1e-5)


def test_all_off_returns_what_came_and_draws_no_random_number() -> None:
    batch, targets = images(), labels()
    before = torch.get_rng_state()
    changed, same = Augment()(batch, targets, num_classes=3)
    assert changed is batch
    assert same is targets
    assert torch.equal(before, torch.get_rng_state())


def test_a_seed_gives_the_same_images_and_another_seed_others() -> None:
    augment = Augment(rotation=20, scale=0.2, shear=10, translate=0.1, horizontal_flip=0.5, noise=0.1, erasing=0.5)
    assert torch.equal(apply(augment), apply(augment))
    assert not torch.equal(apply(augment), apply(augment, seed=1))


def test_certain_flips_mirror_exactly() -> None:
    assert torch.allclose(apply(Augment(horizontal_flip=1.0)), images().flip(-1), atol=1e-5)
    assert torch.allclose(apply(Augment(vertical_flip=1.0)), images().flip(-2), atol=1e-5)


def test_half_of_many_are_flipped() -> None:
    batch = images(2000, 1, 2, 2)
    flipped = (apply(Augment(horizontal_flip=0.5), batch=batch) - batch).abs().amax(dim=(1, 2, 3)) > 1e-3
    assert abs(flipped.float().mean() - 0.5) < 0.05


def test_a_crop_is_a_shift_by_whole_pixels_of_the_padded_image() -> None:
    batch = images(200, 1, 16, 8)
    cropped = apply(Augment(crop=0.125, fill="zeros"), batch=batch)
    padded = torch.nn.functional.pad(batch, (1, 1, 2, 2))
    windows = torch.stack([padded[:, :, y : y + 16, x : x + 8] for y in range(5) for x in range(3)])
    distance = (windows - cropped).abs().amax(dim=(2, 3, 4))
    assert distance.min(dim=0).values.max() < 1e-4
    assert len(distance.argmin(dim=0).unique()) == 15


def test_knobs_stay_within_their_ranges() -> None:
    # a single bright column, moved by at most a quarter of the width
    batch = torch.zeros(500, 1, 8, 16)
    batch[..., 8] = 1.0
    moved = apply(Augment(translate=0.25, fill="zeros"), batch=batch).mean(dim=(1, 2))
    centre = (moved * torch.arange(16)).sum(dim=1) / moved.sum(dim=1)
    assert centre.min() >= 4.0 - 1e-4
    assert centre.max() <= 12.0 + 1e-4
    assert centre.max() - centre.min() > 7.0


def test_noise_has_the_deviation_asked_for() -> None:
    noise = apply(Augment(noise=0.3), batch=torch.zeros(64, 1, 32, 32))
    assert abs(noise.std() - 0.3) < 0.005
    assert abs(noise.mean()) < 0.005


def test_erasing_blanks_one_rectangle_of_bounded_area() -> None:
    erased = apply(Augment(erasing=1.0, erasing_area=0.3), batch=torch.ones(300, 1, 32, 32))[:, 0] == 0
    areas = erased.float().mean(dim=(1, 2))
    assert areas.min() > 0.01
    assert areas.max() < 0.33
    heights, widths = erased.any(dim=2).sum(dim=1), erased.any(dim=1).sum(dim=1)
    assert torch.equal(heights * widths, erased.sum(dim=(1, 2)))
    some = apply(Augment(erasing=0.25), batch=torch.ones(1000, 1, 16, 16)).amin(dim=(1, 2, 3)) == 0
    assert abs(some.float().mean() - 0.25) < 0.05


def test_mixup_mixes_images_and_targets_alike() -> None:
    torch.manual_seed(0)
    batch = images(6)
    mixed, targets = Augment(mixup=1.0)(batch, labels(6), num_classes=3)
    assert targets.shape == (6, 3)
    assert torch.allclose(targets.sum(dim=1), torch.ones(6))
    partner, one_hot = batch.roll(1, 0), torch.nn.functional.one_hot(labels(6), 3).float()
    share = ((mixed - partner) / (batch - partner)).median()
    assert torch.allclose(mixed, share * batch + (1 - share) * partner, atol=1e-4)
    assert torch.allclose(targets, share * one_hot + (1 - share) * one_hot.roll(1, 0), atol=1e-4)


def test_cutmix_weighs_targets_by_the_area_pasted() -> None:
    torch.manual_seed(1)
    batch = images(6)
    mixed, targets = Augment(cutmix=1.0)(batch, labels(6), num_classes=3)
    kept = (mixed == batch).all(dim=1).float().mean(dim=(1, 2))[0]
    assert 0 < kept < 1
    assert torch.allclose(targets[0, labels(6)[0]], kept, atol=1e-5)


def test_both_mixes_take_turns() -> None:
    augment = Augment(mixup=1.0, cutmix=1.0)
    cut = []
    for seed in range(40):
        mixed = apply(augment, seed=seed)
        cut.append(bool(((mixed == images()) | (mixed == images().roll(1, 0))).all()))
    assert 8 < sum(cut) < 32


@pytest.mark.parametrize("knob", [{"rotation": -1}, {"horizontal_flip": 1.5}, {"scale": 1.0}, {"mixup": -0.1}])
def test_knobs_out_of_range_are_configuration_errors(knob: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=rf"config.out_of_range\] augment.{next(iter(knob))}="):
        Augment(**knob)
