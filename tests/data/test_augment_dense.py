"""Augmentation of images with masks and boxes: both move as torchvision v2 moves them, and colours change as its do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as reference

from bakeoff.config import build, compose_section
from bakeoff.data.batches.batch import Ragged
from bakeoff.data.contract import TaskData
from bakeoff.data.image.augment import Augment
from bakeoff.data.image.carrying import carry
from bakeoff.data.image.colour import jittered
from bakeoff.data.masks.values import IGNORED
from bakeoff.errors import ConfigError
from tests.contracts.test_data import DataSets
from tests.data.test_augment import parameters

SIZE = (24, 32)
MOVES: list[dict[str, float]] = [
    {"shift_x": 3.0, "shift_y": -2.0},
    {"scale": 1.3},
    {"scale": 0.7, "shift_x": 4.0},
    {"degrees": 20.0, "shear_x": 10.0},
]


def of(boxes: list[list[float]], counts: list[int], crowd: list[bool] | None = None) -> Ragged:
    """Boxes of class numbers 0, 1, 2 and so on."""
    return Ragged(
        boxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        classes=torch.arange(len(boxes)),
        crowd=torch.tensor(crowd or [False] * len(boxes), dtype=torch.bool),
        counts=torch.tensor(counts),
    )


def as_moved(case: dict[str, float]) -> dict[str, Any]:
    """What torchvision's ``affine`` takes for the same move."""
    return {
        "angle": case.get("degrees", 0.0),
        "translate": [case.get("shift_x", 0.0), case.get("shift_y", 0.0)],
        "scale": case.get("scale", 1.0),
        "shear": [case.get("shear_x", 0.0), 0.0],
    }


@pytest.mark.parametrize("case", MOVES)
def test_boxes_move_as_those_of_torchvision(case: dict[str, float]) -> None:
    targets = of([[8, 6, 20, 18], [10, 9, 15, 12], [12, 8, 24, 14]], [2, 1])
    ours = carry(targets, parameters(2, **{name: [value] * 2 for name, value in case.items()}), size=SIZE)
    theirs = reference.affine(
        tv_tensors.BoundingBoxes(targets["boxes"], format="XYXY", canvas_size=SIZE), **as_moved(case)
    )
    torch.testing.assert_close(ours["boxes"], theirs.as_subclass(Tensor), atol=1e-4, rtol=0)
    assert ours["counts"].tolist() == [2, 1] and not ours["crowd"].any()


@pytest.mark.parametrize("case", MOVES)
def test_masks_move_as_those_of_torchvision_and_the_outside_does_not_count(case: dict[str, float]) -> None:
    mask = torch.randint(0, 5, (1, *SIZE), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    ours = carry(mask, parameters(1, **{name: [value] for name, value in case.items()}), size=SIZE)
    theirs = reference.affine(
        tv_tensors.Mask(mask), **as_moved(case), interpolation=InterpolationMode.NEAREST, fill=IGNORED
    )
    assert ours.dtype == torch.uint8
    assert (ours == theirs.as_subclass(Tensor)).float().mean() > 0.99, "but for pixels between two"


def test_flips_are_exact_for_boxes_masks_and_images() -> None:
    augment = Augment(horizontal_flip=1.0)
    images, masks = torch.randn(2, 3, *SIZE), torch.randint(0, 5, (2, *SIZE)).to(torch.uint8)
    masks[:, 0, 0] = IGNORED
    flipped, moved = augment.changed(images, masks, mean=(0.0,) * 3, std=(1.0,) * 3)
    torch.testing.assert_close(flipped, images.flip(3), atol=1e-4, rtol=0)
    assert torch.equal(moved, masks.flip(2))
    _, boxes = augment.changed(images, of([[2, 3, 10, 9]], [0, 1]), mean=(0.0,) * 3, std=(1.0,) * 3)
    torch.testing.assert_close(boxes["boxes"], torch.tensor([[22.0, 3.0, 30.0, 9.0]]))
    assert boxes["counts"].tolist() == [0, 1]


def test_boxes_that_leave_the_image_are_cut_marked_and_left_out() -> None:
    targets = of([[0, 0, 8, 8], [6, 0, 14, 8], [20, 4, 30, 10], [0, 0, 4, 4]], [3, 1])
    moved = carry(targets, parameters(2, shift_x=[-10.0, -10.0]), size=SIZE)
    assert moved["counts"].tolist() == [2, 0]
    torch.testing.assert_close(moved["boxes"], torch.tensor([[0.0, 0, 4, 8], [10.0, 4, 20, 10]]))
    assert moved["crowd"].tolist() == [False, False]
    mostly = carry(of([[6, 0, 14, 8]], [1]), parameters(1, shift_x=[-13.0 + 0.5]), size=SIZE)
    assert mostly["crowd"].tolist() == [True], "of 8 pixels 1.5 are left"


@pytest.mark.parametrize(("knob", "place"), [("brightness", 0), ("contrast", 1), ("saturation", 2)])
def test_colours_change_as_those_of_torchvision(knob: str, place: int) -> None:
    pixels = torch.rand(2, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    shape = (3, 1, 1)
    normalised = (pixels - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)
    factors = torch.ones(3, 2)
    factors[place] = torch.tensor([0.6, 1.4])
    ours = jittered(normalised, factors, mean=mean, std=std) * torch.tensor(std).view(shape)
    ours = ours + torch.tensor(mean).view(shape)
    adjust = getattr(reference, f"adjust_{knob}")
    theirs = torch.stack([adjust(image, factor) for image, factor in zip(pixels, (0.6, 1.4), strict=True)])
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["shape_boxes", "shapes"])
@pytest.mark.parametrize("chosen", ["light", "flip_crop"])
def test_data_with_masks_and_boxes_takes_the_usual_augmentations(name: str, chosen: str, tmp_path: Path) -> None:
    data = DataSets(tmp_path).make(name)
    batch = next(iter(data.train_dataloader()))
    augment = build(compose_section("augment", chosen)).for_data(data.spec)
    torch.manual_seed(0)
    images, targets = augment(batch.inputs, batch.targets)
    assert images.shape == batch.inputs.shape and not torch.equal(images, batch.inputs)
    if name == "shapes":
        assert targets.shape == batch.targets.shape and not torch.equal(targets, batch.targets)
    else:
        assert int(targets["counts"].sum()) == len(targets["boxes"]) == len(targets["classes"])
        assert targets["boxes"].min() >= 0 and targets["boxes"].max() <= 16


def test_what_mixes_classes_of_whole_images_is_refused_for_boxes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.augment_misfit.*mixes whole images.*boxed_image"):
        Augment(mixup=0.2).for_data(DataSets(tmp_path).make("shape_boxes").spec)


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> TaskData:
    return DataSets(tmp_path_factory.mktemp("captioned")).make("shape_captions")


def test_images_with_captions_change_and_what_is_said_of_them_stays(captioned: TaskData) -> None:
    batch = next(iter(captioned.train_dataloader()))
    knobs = {"crop": 0.125, "translate": 0.1, "scale": 0.1, "brightness": 0.2, "saturation": 0.5, "erasing": 0.5}
    augment = Augment(**knobs)
    torch.manual_seed(0)
    (images, tokens), targets = augment.for_data(captioned.spec)(batch.inputs, batch.targets)
    torch.manual_seed(0)
    expected, _ = augment.changed(batch.inputs[0], None, mean=captioned.spec.mean, std=captioned.spec.std)
    assert torch.equal(images, expected) and not torch.equal(images, batch.inputs[0])
    assert tokens is batch.inputs[1] and targets is batch.targets


@pytest.mark.parametrize(
    ("knob", "value", "line"),
    [
        (
            "horizontal_flip",
            0.5,
            "captions call left would be on the right.*allowed: 0; next: augment.horizontal_flip=0$",
        ),
        ("vertical_flip", 0.1, "above would be below.*allowed: 0; next: augment.vertical_flip=0$"),
        ("rotation", 31.0, "turns images so far.*allowed: at most 30; next: augment.rotation=30$"),
        ("saturation", 0.6, "colours so far that those which captions name could be gone.*allowed: at most 0.5"),
        ("mixup", 0.2, "mixes whole images.*next: augment.mixup=0$"),
    ],
)
def test_what_would_make_captions_wrong_is_refused_with_the_reason(
    knob: str, value: float, line: str, captioned: TaskData
) -> None:
    with pytest.raises(ConfigError, match=rf"config\.augment_misfit\] augment\.{knob}={value}.*{line}"):
        Augment(**{knob: value}).for_data(captioned.spec)
