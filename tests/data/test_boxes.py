"""Images with boxes: from a source's numbers to batches, labels and back, with nothing lost without a word."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from datasets import Image as ImageFeature
from PIL import Image
from torchvision.ops import masks_to_boxes

from bakeoff.data.batches.batch import Batch, Ragged, batch_in_parts, join_rows, num_rows, walk
from bakeoff.data.boxes.answers import answers_of, in_own_pixels, objects_of, table_of_answers
from bakeoff.data.boxes.boxed import BoxedImages
from bakeoff.data.boxes.columns import BoxColumns
from bakeoff.data.boxes.objects import Objects
from bakeoff.data.boxes.rule import BoxRule
from bakeoff.data.sources.scenes import Difficulty
from bakeoff.data.sources.shapes import Shapes
from bakeoff.data.sources.source import Source
from bakeoff.data.splits.rule import SplitRule
from bakeoff.errors import ConfigError, DataError
from bakeoff.tables import column, digest, from_bytes, to_bytes
from bakeoff.tasks.object_detection.pictures import pictures

HOW = Difficulty(image_size=32, objects=(0, 3), scale=(0.2, 0.4), occlusion=0.3, noise=0.03, clutter=0.2)
SPLIT = SplitRule(val=0.2, test=0.2, seed=0)
NAMES = ["cat", "dog"]


class Given(Source):
    """Images of given sizes and their objects, all to train and test on."""

    def __init__(self, sizes: list[tuple[int, int]], objects: list[Any], *, category: Any = None, **more: Any) -> None:
        self._sizes, self._objects, self._more = sizes, objects, more
        self._category = category or ClassLabel(names=NAMES)

    def identity(self) -> dict[str, Any]:
        return {"given": repr((self._sizes, self._objects, self._more, self._category))}

    def load(self) -> DatasetDict:
        rng = np.random.default_rng(0)
        features = Features(
            image=ImageFeature(),
            objects={
                "bbox": List(List(Value("float64"))),
                "category": List(self._category),
                "iscrowd": List(Value("bool")),
            },
            **{name: Value("int32") for name in self._more},
        )
        whole = [
            {
                "bbox": [box for box, *_ in own],
                "category": [k for _, k, *_ in own],
                "iscrowd": [bool(c) for *_, c in own],
            }
            for own in ([(*one, False)[:3] for one in own] for own in self._objects)
        ]
        images = [Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in self._sizes]
        columns = {"image": images, "objects": whole, **self._more}
        dataset = Dataset.from_dict(columns, features=features)
        return DatasetDict(train=dataset)


def module(source: Source, *, rule: BoxRule | None = None, **settings: Any) -> BoxedImages:
    """The data as trials have it."""
    given = {"columns": BoxColumns(), "split": SPLIT, "boxes": rule or BoxRule(), "batch_size": 4} | settings
    return BoxedImages(name="given", source=source, **given)


def of_ten(objects: list[Any], **more: Any) -> Given:
    """Ten images of 20 x 30, the first of which have these objects, and the others a cat each."""
    others = [[([1, 1, 5, 5], 0)]] * (10 - len(objects))
    return Given([(20, 30)] * 10, [*objects, *others], **more)


def every(data: BoxedImages) -> tuple[Objects, tuple[str, ...]]:
    """All boxes by row of the source, and what the report says."""
    return data._objects, data.spec.notes


def shapes() -> Shapes:
    return Shapes(num_train=20, num_val=0, num_test=5, seed=0, how=HOW)


def made(**settings: Any) -> BoxedImages:
    rule = BoxRule(classes={"circle": 1, "square": 2, "triangle": 3, "cross": 4, "ring": 5})
    return module(shapes(), rule=rule, **settings)


def test_a_ragged_tree_parts_joins_walks_and_is_read_from_checkpoints(tmp_path: Path) -> None:
    counts = torch.tensor([2, 0, 1, 3, 0])
    boxes = torch.arange(24.0).reshape(6, 4)
    batch = Batch(torch.arange(5.0), {"found": Ragged(boxes=boxes, counts=counts)}, 5)
    first, second = batch_in_parts(batch, 2)
    assert first.targets["found"]["counts"].tolist() == [2, 0, 1]
    assert torch.equal(first.targets["found"]["boxes"], boxes[:3])
    assert torch.equal(second.targets["found"]["boxes"], boxes[3:])
    joined = join_rows([first.targets, second.targets])
    assert isinstance(joined["found"], Ragged) and torch.equal(joined["found"]["boxes"], boxes)
    doubled = walk(batch.targets, lambda tensor: 2 * tensor)
    assert isinstance(doubled["found"], Ragged) and num_rows(batch.targets) == 5
    torch.save(batch.targets, tmp_path / "kept.pt")
    assert isinstance(torch.load(tmp_path / "kept.pt", weights_only=True)["found"], Ragged)


def test_boxes_are_tight_around_what_is_seen_with_the_last_row_and_column() -> None:
    source = shapes()
    for index in range(20):
        scene = source.scene("train", index)
        instances = torch.from_numpy(scene.instances_HW)
        masks = (
            torch.stack([instances == number + 1 for number in range(len(scene.numbers))]) if scene.numbers else None
        )
        tight = torch.zeros(0, 4) if masks is None else masks_to_boxes(masks) + torch.tensor([0, 0, 1, 1])
        left, top, wide, high = np.array(scene.boxes).reshape(-1, 4).T
        assert np.array_equal(np.stack([left, top, left + wide, top + high], axis=1), tight.numpy())


def test_batches_hold_the_boxes_of_their_images_and_labels_say_the_same() -> None:
    data = made()
    source, labels = shapes(), objects_of(data.labels("test"))
    scenes = [source.scene("test", index) for index in range(5)]
    assert labels.counts_N.tolist() == [len(scene.numbers) for scene in scenes]
    assert (labels.classes_M + 1).tolist() == [number for scene in scenes for number in scene.numbers]
    assert data.spec.class_names[0] == "circle" and data.spec.num_classes == 5
    batches = list(data.train_dataloader())
    seen = join_rows([batch.targets for batch in batches])
    assert seen["boxes"].dtype == torch.float32 and seen["classes"].dtype == seen["counts"].dtype == torch.int64
    assert sum(data.spec.class_counts) == len(objects_of(data.labels("train")).classes_M)
    of_val = next(iter(data.val_dataloader())).targets
    own = objects_of(data.labels("val"))
    assert of_val["counts"].tolist() == own.counts_N.tolist()
    assert np.allclose(of_val["boxes"].numpy(), own.boxes_M4) and not of_val["crowd"].any()


def test_encoded_images_give_the_same_batches() -> None:
    kept, decoded = made(), made(in_memory_gb=0.0, num_workers=0)
    for one, other in zip(kept.train_dataloader(), decoded.train_dataloader(), strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert all(torch.equal(one.targets[name], other.targets[name]) for name in one.targets)


@pytest.mark.parametrize(
    ("fit", "box", "height"),
    [("letterbox", [8.0, 20.0, 16.0, 28.0], 32), ("stretch", [8.0, 8.0, 16.0, 24.0], 64)],
)
def test_boxes_follow_images_of_several_sizes_and_find_the_way_back(fit: str, box: list, height: int) -> None:
    sizes = [(20, 40), *[(48, 48), (64, 32)] * 4, (20, 40)]
    data = module(Given(sizes, [[([5, 2.5, 5, 5], 1)]] * 10), image_size=64, fit=fit)
    assert data._placed_M4[0].tolist() == box
    labels = data.labels("train")
    objects = objects_of(labels)
    sizes_N2 = np.stack([column(labels, "height"), column(labels, "width")], axis=1)
    placed = data._placed_M4[data._objects.places(data._split_rows("train"))]
    own = in_own_pixels(placed, objects.counts_N, to_network_N4=column(labels, "to_network"), sizes_N2=sizes_N2)
    assert np.allclose(own, objects.boxes_M4)
    pixels = data._pixels(np.array([0]))[0]
    top = (64 - height) // 2
    assert (pixels[:top] == 114).all() and not (pixels[top : top + height] == 114).all(axis=(1, 2)).any()
    assert data.spec_class.from_dict(data.spec.to_dict()).pixel_rule.fit == fit


def test_images_of_several_sizes_need_one_to_come_to() -> None:
    with pytest.raises(DataError, match=r"data\.mixed_sizes"):
        module(Given([(20, 40), (30, 30)] * 5, [[([1, 1, 4, 4], 0)]] * 10)).prepare_data()


def test_empty_images_stay_and_bad_boxes_are_told() -> None:
    cut = [([25, 10, 10, 20], 1)]
    data = module(
        of_ten([[], [([3, 3, 0, 4], 0), ([2, 2, 4, 4], 0)], cut, [([40, 5, 5, 5], 1)], [([1, 2, 3, 4], 1, True)]])
    )
    objects, notes = every(data)
    assert objects.counts_N.tolist() == [0, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    assert objects.of(np.array([2])).boxes_M4.tolist() == [[25, 10, 30, 20]]
    assert objects.of(np.array([2])).areas_M.tolist() == [50]
    assert objects.crowd_M.tolist() == [False, False, True, False, False, False, False, False]
    told = " ".join(notes)
    assert "1 of 10 boxes have no area and were left out (first in train/1)." in told
    assert "1 of 10 boxes lie outside of their image and were left out (first in train/3)." in told
    assert "1 of 10 boxes reach beyond their image and were cut off at its edge (first in train/2)." in told
    assert "1 of 10 boxes are of crowds" in told and "2 of 10 images have no boxes" in told
    assert sum(data.num_examples(split) for split in ("train", "val", "test")) == 10


@pytest.mark.parametrize(
    ("rule", "box"),
    [
        (BoxRule(), [3, 4, 6, 8]),
        (BoxRule(box_format="xyxy"), [3, 4, 9, 12]),
        (BoxRule(box_format="cxcywh"), [6, 8, 6, 8]),
        (BoxRule(box_format="cxcywh", box_unit="fractions"), [0.2, 0.4, 0.2, 0.4]),
    ],
)
def test_every_form_of_boxes_means_the_same(rule: BoxRule, box: list[float]) -> None:
    objects, _ = every(module(Given([(20, 30)] * 10, [[(box, 0)]] * 10), rule=rule))
    assert np.allclose(objects.boxes_M4, [[3, 4, 9, 12]] * 10)


@pytest.mark.parametrize(
    ("box", "rule", "step"),
    [
        ([20, 10, 28, 18], BoxRule(), "data.box_format=xyxy"),
        ([0.2, 0.4, 0.2, 0.4], BoxRule(box_format="xyxy"), "data.box_unit=fractions"),
    ],
)
def test_boxes_of_another_form_are_refused_with_the_likely_one(box: list[float], rule: BoxRule, step: str) -> None:
    with pytest.raises(DataError, match=r"data\.box_format") as refused:
        module(Given([(20, 30)] * 10, [[(box, 0)]] * 10), rule=rule).prepare_data()
    assert step in str(refused.value)


def test_categories_with_gaps_are_numbered_and_unknown_ones_refused() -> None:
    gaps = Given([(20, 30)] * 4, [[([1, 1, 5, 5], 17)], [([1, 1, 5, 5], 90)]] * 2, category=Value("int64"))
    assert module(gaps).spec.class_names == ("17", "90")
    named = module(gaps, rule=BoxRule(classes={"cat": 17, "dog": 18, "toothbrush": 90}))
    assert named._objects.classes_M.tolist() == [0, 2, 0, 2]
    with pytest.raises(DataError, match=r"data\.unknown_category") as refused:
        module(gaps, rule=BoxRule(classes={"cat": 17, "dog": 18})).prepare_data()
    assert "90 (first in train/1)" in str(refused.value) and "cat, dog" in str(refused.value)


def test_boxes_that_are_hardly_there_at_the_image_size_are_told() -> None:
    data = module(Given([(200, 300)] * 10, [[([10, 10, 20, 20], 0), ([50, 50, 100, 100], 1)]] * 10), image_size=24)
    assert "10 of 20 boxes are less than 2 pixels high or wide at 24x24 (data.image_size)." in every(data)[1]


def test_sizes_beside_boxes_are_compared_with_the_image() -> None:
    turned = of_ten([[([1, 1, 15, 15], 0)]], height=[30] + [20] * 9, width=[20] + [30] * 9)
    _, notes = every(module(turned))
    assert any("1 images are turned by their camera's tag" in note for note in notes)
    with pytest.raises(DataError, match=r"data\.other_size") as refused:
        module(of_ten([], height=[20] * 9 + [40], width=[30] * 9 + [60])).prepare_data()
    assert "image 20x30, boxes 40x60" in str(refused.value)


def test_missing_image_files_are_named() -> None:
    class Missing(Given):
        def load(self) -> DatasetDict:
            whole = super().load()["train"]
            records = [
                {"bytes": None, "path": "/nowhere/gone.png"},
                *whole.cast_column("image", ImageFeature(decode=False))["image"][1:],
            ]
            kept = whole.remove_columns("image").add_column("image", records)
            return DatasetDict(train=kept.cast_column("image", ImageFeature()))

    source = Missing([(20, 30)] * 10, [[([1, 1, 5, 5], 0)]] * 10)
    with pytest.raises(DataError, match=r"1 of 10 images cannot be read .train/0: the file does not exist"):
        module(source).prepare_data()


def test_answers_keep_the_hundred_best_and_come_back_from_a_file() -> None:
    rng = np.random.default_rng(0)
    counts = [130, 0, 3]
    boxes = [rng.uniform(0, 50, (count, 4)) for count in counts]
    scores = [rng.uniform(size=count) for count in counts]
    table = table_of_answers(boxes, [np.arange(count) % 5 for count in counts], scores)
    again = from_bytes(to_bytes(table))
    assert digest(again) == digest(table)
    found = answers_of(again.take([2, 1, 0]))
    assert found.counts_N.tolist() == [3, 0, 100]
    order = np.argsort(-scores[0])[:100]
    assert np.allclose(found.boxes_M4[3:], boxes[0][order]) and found.classes_M[3:].tolist() == (order % 5).tolist()
    assert np.allclose(found.scores_M[3:], scores[0][order])
    assert len(answers_of(table_of_answers([], [], [])).counts_N) == 0


def test_pictures_show_truth_and_answers_where_the_network_sees_them() -> None:
    objects = [([5, 2.5, 5, 5], 1, True), ([20, 5, 5, 5], 0)]
    data = module(Given([(20, 40)] * 10, [objects] * 10), image_size=64)
    cases = data.cases("test").first(1)
    said = table_of_answers([np.array([[1, 2, 3, 4], [0, 0, 9, 9]])], [np.array([0, 1])], [np.array([0.9, 0.1])])
    (picture,) = pictures(cases, data.spec.class_names, said)
    assert [(box.label, box.left, box.top, box.is_truth) for box in picture.boxes] == [
        ("cat", 1.0, 2.0, False),
        ("crowd of dog", 8.0, 20.0, True),
        ("cat", 32.0, 24.0, True),
    ]


def test_wrong_settings_are_refused() -> None:
    for settings in ({"box_format": "xy"}, {"box_unit": "mm"}, {"classes": []}, {"classes": ["a", "a"]}):
        with pytest.raises(ConfigError):
            BoxRule(**settings)
    with pytest.raises(ConfigError, match=r"data\.fit"):
        made(fit="crop")


def test_the_fingerprint_is_of_boxes_too() -> None:
    one, other = of_ten([]), of_ten([[([1, 1, 5, 6], 0)]])
    assert module(one).fingerprint != module(other).fingerprint


def test_new_images_come_with_their_own_sizes(tmp_path: Path) -> None:
    from bakeoff.data.contract import Reading

    buffer = io.BytesIO()
    Image.fromarray(np.zeros((10, 20, 3), dtype=np.uint8)).save(buffer, format="PNG")
    (tmp_path / "new.png").write_bytes(buffer.getvalue())
    spec = dataclasses.replace(made(image_size=32).spec, fit="letterbox")
    new = BoxedImages.read_new(spec, Reading(source=str(tmp_path / "new.png")))
    assert new.shown["height"] == [10] and new.shown["width"] == [20]
    assert next(iter(new.loader)).shape == (1, 3, 32, 32)
