"""COCO's outlines and run lengths as masks, and masks that follow letterboxed images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as runs

from bakeoff.config import build
from bakeoff.data.masks.masked import MaskedImages
from bakeoff.data.masks.values import IGNORED
from bakeoff.data.sources.coco_masks import CocoMasks
from bakeoff.errors import DataError
from bakeoff.tasks.semantic_segmentation.pictures import at_size
from tests.contracts.test_data import section_of
from tests.data.test_box_sources import content, picture

SQUARE = [[2, 3, 12, 3, 12, 13, 2, 13]]


def folder_of(folder: Path, *segmentations: Any, **more: Any) -> Path:
    """Ten images, the first of which has these regions: a cat, then dogs; the others have a square cat."""
    for number in range(1, 11):
        picture(folder / f"{number}.png", number)
    own = [
        {"id": n, "image_id": 1, "category_id": 3 if n == 1 else 7, "segmentation": s}
        for n, s in enumerate(segmentations, 1)
    ]
    others = [{"id": 100 + n, "image_id": n, "category_id": 3, "segmentation": SQUARE} for n in range(2, 11)]
    told = content([f"{n}.png" for n in range(1, 11)], [a | {"bbox": [2, 3, 10, 10]} | more for a in own + others])
    (folder / "annotations.json").write_text(json.dumps(told))
    return folder


def opened(folder: Path, **settings: Any) -> MaskedImages:
    data = build(section_of("coco_masks", {"folder": folder, **settings}).module, seed=0)
    data.prepare_data()
    data.setup()
    return data


def first_mask(data: MaskedImages) -> np.ndarray:
    return data._images.masks_NHW[data._images.examples.tolist().index("1.png")].numpy()


def test_outlines_become_classes_of_pixels_and_the_smaller_one_is_seen(tmp_path: Path) -> None:
    data = opened(folder_of(tmp_path, SQUARE, [[4, 5, 6, 5, 6, 7, 4, 7]], [[0, 0, 30, 0, 30, 20, 0, 20]]))
    expected = np.full((20, 30), 2)
    expected[3:13, 2:12] = 1
    expected[5:7, 4:6] = 2
    assert data.spec.class_names == ("background", "cat", "dog")
    assert np.array_equal(first_mask(data), expected)


@pytest.mark.parametrize("compressed", [False, True])
def test_run_lengths_have_holes_and_rings_of_outlines_have_none(tmp_path: Path, compressed: bool) -> None:
    holed = np.zeros((20, 30), dtype=np.uint8, order="F")
    holed[3:13, 2:12], holed[5:8, 5:8] = 1, 0
    packed = runs.encode(holed)
    if compressed:
        told = packed["counts"].decode()
    else:
        flat = holed.ravel(order="F")
        told = np.diff(np.flatnonzero(np.diff(flat, prepend=1 - flat[0])), append=flat.size).tolist()
        told = told if flat[0] == 0 else [0, *told]
    data = opened(folder_of(tmp_path / "a", {"counts": told, "size": [20, 30]}, iscrowd=0))
    assert np.array_equal(first_mask(data), holed)
    filled = opened(folder_of(tmp_path / "b", [*SQUARE, [5, 5, 8, 5, 8, 8, 5, 8]]))
    assert first_mask(filled)[5:8, 5:8].all()


def test_outlines_without_area_are_left_out_and_told(tmp_path: Path) -> None:
    data = opened(folder_of(tmp_path, [[2, 3, 8, 9]], [], SQUARE))
    assert (first_mask(data) == 2).sum() == 100
    assert any(
        "2 annotations cover no area and were left out (first annotation 1 in " in note for note in data.spec.notes
    )


def test_run_lengths_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.mask_size.*annotation 1 in annotations\.json.*\[10, 10\].*20x30"):
        opened(folder_of(tmp_path, {"counts": [50, 10, 40], "size": [10, 10]}))


def test_crowds_are_of_their_class_and_images_without_annotations_are_background(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, SQUARE, {"counts": [300, 300], "size": [20, 30]})
    told = json.loads((folder / "annotations.json").read_text())
    told["annotations"][1]["iscrowd"] = 1
    told["annotations"] = [one for one in told["annotations"] if one["image_id"] != 2]
    (folder / "annotations.json").write_text(json.dumps(told))
    data = opened(folder)
    expected = np.zeros((20, 30))
    expected[:, 15:], expected[3:13, 2:12] = 2, 1
    assert np.array_equal(first_mask(data), expected)
    second_HW = data._images.masks_NHW[data._images.examples.tolist().index("2.png")]
    assert second_HW.shape == (20, 30) and not second_HW.any()


def test_an_unknown_category_and_an_image_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (folder_of(tmp_path / "a", SQUARE) / "4.png").unlink()
    with pytest.raises(DataError, match=r"1 of 10 images cannot be read \(4\.png: the file does not exist\)"):
        opened(tmp_path / "a")
    with pytest.raises(
        DataError, match=r"data\.unknown_category.*annotation 1 in annotations\.json.*category_id 5.*3, 7"
    ):
        opened(folder_of(tmp_path / "b", SQUARE, category_id=5))


def test_boxes_alone_are_no_masks(tmp_path: Path) -> None:
    folder_of(tmp_path, SQUARE)
    told = json.loads((tmp_path / "annotations.json").read_text())
    for annotation in told["annotations"]:
        del annotation["segmentation"]
    (tmp_path / "annotations.json").write_text(json.dumps(told))
    with pytest.raises(DataError, match=r"data\.no_masks.*task=object_detection"):
        CocoMasks(folder=str(tmp_path)).load()


def test_masks_follow_letterboxed_images_and_what_is_filled_up_does_not_count(tmp_path: Path) -> None:
    data = opened(folder_of(tmp_path, SQUARE), image_size=60, fit="letterbox")
    mask = first_mask(data)
    assert (mask[:10] == IGNORED).all() and (mask[50:] == IGNORED).all()
    expected = np.zeros((40, 60), dtype=np.uint8)
    expected[6:26, 4:24] = 1
    assert np.array_equal(mask[10:50], expected)
    assert np.array_equal(at_size(mask, 20, 30, "letterbox"), expected[::2, ::2])
