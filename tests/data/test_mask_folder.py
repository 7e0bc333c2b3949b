"""Folders of images and masks: layouts, pairs by name, refusals in one line, and what `bakeoff data` makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.cli import main
from bakeoff.data.sources.mask_folder import MaskFolder
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError
from tests.data.made_images import noise_image


def write(folder: Path, images: str, masks: str, names: list[str], *, suffix: str = "") -> None:
    for number, name in enumerate(names):
        for place, ending in ((images, f"{name}.jpg"), (masks, f"{name}{suffix}.png")):
            (folder / place).mkdir(parents=True, exist_ok=True)
            image = noise_image(number, size=(12, 10), mode="RGB")
            is_mask = place == masks
            (Image.fromarray(np.asarray(image)[:, :, 0] % 3) if is_mask else image).save(folder / place / ending)


@pytest.mark.parametrize(
    ("image_place", "mask_place", "splits"),
    [
        ("images", "masks", {"train": 3}),
        ("{}/images", "{}/masks", {"train": 3, "test": 3}),
        ("images/{}", "annotations/{}", {"train": 3, "test": 3}),
        ("{}/img/deep", "{}/labels/deep", {"train": 3, "test": 3}),
    ],
)
def test_each_layout_gives_its_pairs_and_its_splits(
    image_place: str, mask_place: str, splits: dict[str, int], tmp_path: Path
) -> None:
    for split in ("training", "test"):
        write(tmp_path, image_place.format(split), mask_place.format(split), ["a", "b", "c"])
    loaded = MaskFolder(folder=str(tmp_path)).load()
    assert {split: len(rows) for split, rows in loaded.items()} == splits
    first = loaded["train"].cast_column("mask", loaded["train"].features["mask"].__class__(decode=False))[1]
    assert Path(first[EXAMPLE_COLUMN]).stem == Path(first["mask"]["path"]).stem == "b"


def test_files_without_a_counterpart_are_counted_and_named(tmp_path: Path) -> None:
    write(tmp_path, "images", "masks", ["a", "b", "c"])
    (tmp_path / "masks" / "b.png").rename(tmp_path / "masks" / "x.png")
    with pytest.raises(
        DataError, match=r"data\.unpaired.*1 images have no mask \(images/b\.jpg\) and 1 masks have"
    ) as e:
        MaskFolder(folder=str(tmp_path)).load()
    assert "\n" not in e.value.line()


def test_a_suffix_of_all_masks_is_found_and_advised(tmp_path: Path) -> None:
    write(tmp_path, "images", "masks", ["a", "ab", "c"], suffix="_mask")
    with pytest.raises(DataError, match=r"next: data\.mask_suffix=_mask"):
        MaskFolder(folder=str(tmp_path)).load()
    assert len(MaskFolder(folder=str(tmp_path), mask_suffix="_mask").load()["train"]) == 3


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "images", "masks", ["a"])
    noise_image(0).save(tmp_path / "images" / "a.png")
    with pytest.raises(DataError, match=r"data\.doubled_file.*images/a\.jpg and images/a\.png"):
        MaskFolder(folder=str(tmp_path)).load()


def test_a_folder_that_is_missing_or_holds_no_images_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.not_found.*data\.folder"):
        MaskFolder(folder=str(tmp_path / "none")).load()
    (tmp_path / "masks").mkdir()
    with pytest.raises(DataError, match=r"data\.empty_folder"):
        MaskFolder(folder=str(tmp_path)).load()


def test_bakeoff_data_takes_a_folder_of_masks_for_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "images", "masks", [f"i{number}" for number in range(30)], suffix="_mask")
    main(["data", str(tmp_path)])
    told = capsys.readouterr().out
    assert "task=semantic_segmentation data=mask_folder" in told
    assert "data.mask_suffix=_mask" in told
