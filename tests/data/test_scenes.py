"""Made scenes: the same by number, masks and boxes of one drawing, digits of a split its own."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bakeoff.data.sources.captioned_shapes import CaptionedShapes
from bakeoff.data.sources.digit_scenes import DigitScenes
from bakeoff.data.sources.scene_captions import captions_of
from bakeoff.data.sources.scenes import Difficulty, MadeScenes, Stamp, box_of
from bakeoff.data.sources.shapes import Shapes

HOW = {"image_size": 64, "objects": (1, 4), "scale": (0.25, 0.5), "occlusion": 0.3, "noise": 0.03, "clutter": 0.2}
SOURCES = [Shapes, DigitScenes]


def made(source: type[MadeScenes], *, seed: int = 0, count: int = 20, **changes: object) -> MadeScenes:
    how = Difficulty(**(HOW | changes))
    return source(num_train=count, num_val=0, num_test=5, seed=seed, how=how)


@pytest.mark.parametrize("source", SOURCES)
def test_a_scene_is_a_function_of_seed_split_and_number_alone(source: type[MadeScenes]) -> None:
    first, again, other = made(source), made(source, count=3), made(source, seed=1)
    assert np.array_equal(first.scene("train", 2).pixels_HWC, again.scene("train", 2).pixels_HWC)
    assert not np.array_equal(first.scene("train", 2).pixels_HWC, other.scene("train", 2).pixels_HWC)
    assert not np.array_equal(first.scene("train", 2).pixels_HWC, first.scene("test", 2).pixels_HWC)
    assert first.identity() != other.identity()


@pytest.mark.parametrize("source", SOURCES)
def test_mask_boxes_and_classes_are_of_one_drawing(source: type[MadeScenes]) -> None:
    scenes = made(source)
    for index in range(20):
        scene = scenes.scene("train", index)
        assert 1 <= len(scene.numbers) <= 4
        for instance, (number, (left, top, width, height)) in enumerate(
            zip(scene.numbers, scene.boxes, strict=True), start=1
        ):
            own = scene.instances_HW == instance
            assert own.any(), "nothing is hidden as a whole"
            assert own[top : top + height, left : left + width].sum() == own.sum()
            assert own[top].any() and own[top + height - 1].any()
            assert own[:, left].any() and own[:, left + width - 1].any()
            assert (scene.mask_HW[own] == number).all()
        assert ((scene.mask_HW == 0) == (scene.instances_HW == 0)).all()


class Recorded(Shapes):
    """Keeps what each thing covers before it is placed."""

    def stamp(self, split: str, rng: np.random.Generator, size: int) -> Stamp:
        made = super().stamp(split, rng, size)
        self.areas.append(int(made.cover_HW.sum()))
        return made


@pytest.mark.parametrize("occlusion", [0.0, 0.5])
def test_no_thing_is_hidden_by_more_than_is_allowed(occlusion: float) -> None:
    scenes = made(Recorded, occlusion=occlusion, objects=(3, 3))
    most_hidden = 0.0
    for index in range(30):
        scenes.areas = []
        scene = scenes.scene("train", index)
        if len(scene.numbers) == 3:
            seen = np.bincount(scene.instances_HW.ravel(), minlength=4)[1:]
            most_hidden = max(most_hidden, float((1 - seen / np.array(scenes.areas)).max()))
    assert most_hidden <= occlusion
    assert (most_hidden > 0) == (occlusion > 0)


def test_digits_and_photographs_of_the_test_are_its_own() -> None:
    scenes = made(DigitScenes)
    images = {split: {image.tobytes() for image in own[0]} for split, own in scenes._digits.items()}
    assert sum(map(len, images.values())) > 1700
    assert not images["train"] & images["test"]
    widths = {split: [part.shape[1] for part in parts] for split, parts in scenes._photographs.items()}
    assert {split: sum(own) for split, own in widths.items()} == {"train": 832, "val": 128, "test": 320}


def test_a_row_has_image_mask_boxes_and_captions() -> None:
    splits = made(Shapes).load()
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 20, "test": 5}
    row, scene = splits["train"].with_format("numpy")[3], made(Shapes).scene("train", 3)
    assert np.array_equal(row["image"], scene.pixels_HWC)
    assert np.array_equal(row["mask"], scene.mask_HW)
    assert splits["train"][3]["objects"] == {"bbox": scene.boxes, "category": list(scene.numbers)}
    assert splits["train"][3]["captions"] == scene.captions


def test_a_box_covers_the_last_row_and_column() -> None:
    mask_HW = np.zeros((8, 9), dtype=bool)
    mask_HW[2:5, 3:8] = True
    assert box_of(mask_HW) == [3, 2, 5, 3]


def test_captions_say_each_relation_that_holds_from_either_side_and_what_is_left_or_above_first() -> None:
    here, right, far_below = [0, 0, 10, 10], [40, 3, 10, 10], [5, 30, 10, 10]
    assert captions_of([right, here], ["red ring", "blue cross"]) == [
        "a blue cross to the left of a red ring",
        "a red ring to the right of a blue cross",
    ]
    assert captions_of([far_below, here], ["red ring", "blue cross"]) == [
        "a blue cross above a red ring",
        "a red ring below a blue cross",
    ]
    assert captions_of([here, [20, 30, 10, 10]], ["red ring", "blue cross"]) == [
        "a red ring above a blue cross",
        "a blue cross below a red ring",
        "a red ring to the left of a blue cross",
        "a blue cross to the right of a red ring",
    ]


def test_captions_of_fewer_and_of_more_than_two_things_list_them_from_the_left() -> None:
    assert captions_of([], []) == ["nothing"]
    assert captions_of([[0, 0, 3, 3]], ["red ring"]) == ["a red ring", "there is a red ring"]
    boxes = [[40, 0, 5, 5], [0, 0, 5, 5], [20, 0, 5, 5]]
    assert captions_of(boxes, ["x", "y", "z"]) == ["a y and a z and a x", "there is a y and a z and a x"]


HELD_OUT = ["red circle", "blue ring"]


def captioned(**changes: object) -> CaptionedShapes:
    counts = {"num_train": 60, "num_val": 20, "num_test": 20, "num_unseen": 20, "held_out": HELD_OUT}
    return CaptionedShapes(seed=0, how=Difficulty(**HOW), **counts | changes)


def test_held_out_combinations_are_in_unseen_test_scenes_and_nowhere_else() -> None:
    loaded = captioned().load()
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 60, "val": 20, "test": 40}
    assert loaded["test"]["unseen"] == [False] * 20 + [True] * 20
    for rows in loaded.values():
        for row in rows:
            things = row["captions"][0].count("circle") + row["captions"][0].count("ring")
            held_out = sum(row["captions"][0].count(name) for name in HELD_OUT)
            assert held_out == (things if row["unseen"] else 0)
            assert not row["unseen"] or held_out
    colours = {word for row in loaded["train"] for text in row["captions"] for word in text.split()}
    assert {"red", "blue", "circle", "ring"} <= colours


@pytest.mark.parametrize("held_out", [["round circle"], []])
def test_what_is_no_combination_is_refused(held_out: list[str]) -> None:
    with pytest.raises(ValueError, match="held_out must be some of red, green"):
        captioned(held_out=held_out)


def test_no_thing_has_a_size_of_the_gap() -> None:
    rng = np.random.default_rng(0)
    sizes = {Difficulty(**HOW | {"image_size": 100, "gap": 0.4}).draw_size(rng) for _ in range(500)}
    assert {25, 32, 43, 50} <= sizes
    assert not sizes & set(range(34, 42))


@pytest.mark.parametrize("source", SOURCES)
def test_two_hundred_scenes_are_made_in_a_second_of_one_thread(source: type[MadeScenes]) -> None:
    scenes = made(source)
    scenes.scene("train", 0)
    start = time.process_time()
    for index in range(100):
        scenes.scene("train", index)
    assert 100 / (time.process_time() - start) >= 200


@pytest.mark.parametrize("change", [{"objects": (3, 1)}, {"scale": (0.0, 0.5)}, {"occlusion": 1.0}, {"noise": 2.0}])
def test_difficulties_that_nothing_can_have_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        made(Shapes, **change)
