"""Masks: values by hand of every form of file, run lengths, refusals in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Array2D, Dataset, Features, Image
from PIL import Image as PilImage

from bakeoff.data.masks.columns import MaskColumns
from bakeoff.data.masks.masked import MaskedImages
from bakeoff.data.masks.runs import masks_of, table_of_masks
from bakeoff.data.masks.values import IGNORED, MaskRule, numbered
from bakeoff.data.splits.rule import SplitRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import InMemory, noise_image


def drawn(num_classes: int, side: int = 20) -> np.ndarray:
    """A mask that shows all classes."""
    return (np.arange(side * side) % num_classes).reshape(side, side)


def saved(folder: Path, mask_HW: np.ndarray, mode: str) -> dict[str, Any]:
    """A record of a file of a mode."""
    if mode == "P":
        image = PilImage.fromarray(mask_HW.astype(np.uint8), mode="P")
        image.putpalette(np.random.default_rng(0).integers(0, 256, 3 * (int(mask_HW.max()) + 1)).tolist())
    elif mode == "I;16":
        image = PilImage.fromarray(mask_HW.astype(np.uint16))
    elif mode == "1":
        image = PilImage.fromarray(mask_HW.astype(bool))
    else:
        image = PilImage.fromarray(mask_HW.astype(np.uint8)).convert(mode)
    image.save(folder / "mask.png", **({"bits": 1} if mode == "P" and mask_HW.max() < 2 else {}))
    return {"bytes": None, "path": str(folder / "mask.png")}


@pytest.mark.parametrize("num_classes", [2, 4, 16, 200])
@pytest.mark.parametrize("mode", ["P", "L", "RGB", "I;16"])
def test_indices_are_read_as_they_were_drawn(num_classes: int, mode: str, tmp_path: Path) -> None:
    mask_HW = drawn(num_classes)
    assert np.array_equal(MaskRule().read(saved(tmp_path, mask_HW, mode)), mask_HW)


def test_sixteen_bits_and_single_bits_keep_their_values(tmp_path: Path) -> None:
    deep = 1000 * drawn(3)
    assert np.array_equal(MaskRule().read(saved(tmp_path, deep, "I;16")), deep)
    assert np.array_equal(MaskRule().read(saved(tmp_path, drawn(2), "1")), drawn(2))


def test_colours_become_classes_by_their_table(tmp_path: Path) -> None:
    rule = MaskRule({"sky": "#4682b4", "road": "#804080"}, ignore="#ffffff")
    colours = np.array([[0x80, 0x40, 0x80], [0x46, 0x82, 0xB4], [255, 255, 255]], dtype=np.uint8)
    PilImage.fromarray(colours[[[0, 1], [2, 0]]]).save(tmp_path / "colours.png")
    values_HW = rule.read({"bytes": None, "path": str(tmp_path / "colours.png")})
    classes = rule.classes_of({int(value): "x" for value in np.unique(values_HW)})
    assert list(classes) == ["sky", "road"]
    assert numbered(values_HW, list(classes.values()), rule.ignored).tolist() == [[1, 0], [IGNORED, 1]]


def test_values_with_gaps_are_numbered_in_the_order_of_the_names() -> None:
    rule = MaskRule({"cat": 7, "background": 0, "dog": 3})
    values_HW = np.array([[0, 3], [7, 255]])
    assert numbered(values_HW, list(rule.classes_of({0: "a", 3: "a"}).values()), rule.ignored).tolist() == [
        [1, 2],
        [0, IGNORED],
    ]


@pytest.mark.parametrize(
    ("rule", "found", "code"),
    [
        (MaskRule(["sky", "road"]), {0: "a.png", 7: "b.png"}, "data.mask_value"),
        (MaskRule(), {0: "a.png", 255: "a.png"}, "data.one_class"),
        (MaskRule(ignore=None), {4: "a.png"}, "data.one_class"),
        (MaskRule(ignore=None), dict.fromkeys(range(300), "a.png"), "data.mask_value"),
    ],
)
def test_values_that_are_no_classes_are_refused(rule: MaskRule, found: dict[int, str], code: str) -> None:
    with pytest.raises(DataError, match=code.replace(".", r"\.")) as raised:
        rule.classes_of(found)
    assert "\n" not in raised.value.line()


def test_the_refusal_names_value_file_and_setting() -> None:
    with pytest.raises(DataError, match=r"1 values that are no class: 7 \(first in b\.png\).*data\.ignore=7"):
        MaskRule(["sky", "road"]).classes_of({0: "a.png", 7: "b.png"})


@pytest.mark.parametrize(
    "classes",
    [["one"], ["a", "a"], {"a": 1, "b": 1}, {"a": 1, "b": "#ffffff"}, {"a": "#ffffff", "b": "no colour"}],
)
def test_a_list_of_classes_that_says_nothing_clear_is_refused(classes: Any) -> None:
    with pytest.raises(ConfigError, match=r"config\.bad_value"):
        MaskRule(classes)


def test_run_lengths_are_those_of_a_mask_by_hand() -> None:
    table = table_of_masks(np.array([[[0, 0, 1], [1, 1, 0]], [[2, 2, 2], [2, 2, 2]]], dtype=np.uint8))
    assert table["lengths"].to_pylist() == [[2, 3, 1], [6]]
    assert table["classes"].to_pylist() == [[0, 1, 0], [2]]
    assert table["height"].to_pylist() == [2, 2]


def test_run_lengths_give_any_masks_back_and_any_rows_of_them() -> None:
    masks_NHW = np.random.default_rng(0).integers(0, 3, (9, 7, 5)).astype(np.uint8)
    masks_NHW[4] = IGNORED
    table = table_of_masks(masks_NHW)
    assert np.array_equal(masks_of(table), masks_NHW)
    assert np.array_equal(masks_of(table.slice(3, 4)), masks_NHW[3:7])
    assert np.array_equal(masks_of(table.take([8, 0])), masks_NHW[[8, 0]])


def rows(count: int, masks: list[np.ndarray], *, size: tuple[int, int] = (8, 6)) -> Dataset:
    images = [noise_image(row, size=size) for row in range(count)]
    return Dataset.from_dict(
        {"image": images, "mask": masks}, features=Features(image=Image(), mask=Array2D(masks[0].shape, "uint8"))
    )


def made(dataset: Dataset, **settings: Any) -> MaskedImages:
    rule = settings.pop("masks", MaskRule())
    return MaskedImages(
        name="made",
        source=InMemory({"train": dataset}, name=str(settings)),
        columns=MaskColumns(),
        split=SplitRule(val=0.25, test=0.2, seed=0),
        masks=rule,
        batch_size=4,
        **settings,
    )


def test_masks_follow_their_images_to_another_size() -> None:
    mask_HW = np.kron(np.array([[0, 1, 2], [2, 1, 0], [1, 1, 1], [0, 0, 2]]), np.ones((2, 2))).astype(np.uint8)
    data = made(rows(20, [mask_HW] * 20), image_size=[4, 3])
    small = masks_of(data.labels("test"))
    assert (small == mask_HW[::2, ::2]).all()
    assert data.spec.class_names == ("0", "1", "2")
    assert data.spec.class_shares == pytest.approx((4 / 12, 5 / 12, 3 / 12))


def test_what_does_not_count_is_in_no_share() -> None:
    mask_HW = np.zeros((8, 6), dtype=np.uint8)
    mask_HW[:2], mask_HW[2:4] = 255, 1
    data = made(rows(20, [mask_HW] * 20))
    assert data.spec.class_shares == pytest.approx((2 / 3, 1 / 3))
    batch = next(iter(data.train_dataloader()))
    assert batch.targets.shape == (4, 8, 6)
    assert (batch.targets[:, :2] == IGNORED).all()


def test_a_mask_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(DataError, match=r"data\.mask_size.*20 of 20 masks.*train/0: image 8x6, mask 6x8"):
        made(rows(20, [drawn(2, 8)[:6].astype(np.uint8)] * 20)).prepare_data()


def test_jpeg_masks_are_refused(tmp_path: Path) -> None:
    PilImage.fromarray(drawn(2).astype(np.uint8)).save(tmp_path / "mask.jpg")
    with pytest.raises(DataError, match=r"data\.mask_lossy.*JPEG.*PNG"):
        MaskRule().read({"bytes": None, "path": str(tmp_path / "mask.jpg")})


def test_masks_of_colours_without_a_table_are_refused(tmp_path: Path) -> None:
    noise_image(0, mode="RGB").save(tmp_path / "mask.png")
    with pytest.raises(DataError, match=r"data\.mask_colour"):
        MaskRule().read({"bytes": None, "path": str(tmp_path / "mask.png")})
