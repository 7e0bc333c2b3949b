"""mAP equals pycocotools', pseudo-values equal brute force, and what libraries get wrong is right here."""

from __future__ import annotations

import contextlib
import io
import time

import numpy as np
import pyarrow as pa
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bakeoff.data.batches.batch import Ragged
from bakeoff.data.boxes.answers import answers_of, objects_of, table_of_answers, table_of_labels
from bakeoff.data.boxes.objects import Objects
from bakeoff.statistics import pseudo_values
from bakeoff.tasks.object_detection.average_precision import average_precisions, left_out, mean_precision
from bakeoff.tasks.object_detection.matching import AREAS, match
from bakeoff.tasks.object_detection.scores import (
    METRICS,
    OF_THRESHOLDS,
    Precisions,
    by_class_and_size,
    score_examples,
    summarise,
)

NUM_CLASSES = 4
SIDE = 200


def drawn(seed: int, count: int = 12, *, crowds: bool = True) -> tuple[pa.Table, pa.Table]:
    """Answers near objects, doubled, misnamed, elsewhere, of equal scores; images without objects or answers."""
    rng = np.random.default_rng(seed)
    truth, said = [], []
    for image in range(count):
        num = 0 if image % 5 == 0 else int(rng.integers(1, 8))
        corner, size = rng.uniform(0, 120, (num, 2)), np.exp(rng.uniform(2, np.log(130), (num, 2)))
        boxes = np.concatenate([corner, np.minimum(corner + size, SIDE)], axis=1)
        kinds = rng.integers(0, NUM_CLASSES - 1, num)  # of the last class there is nothing to find
        crowd = rng.random(num) < 0.2 if crowds else np.zeros(num, dtype=bool)
        truth.append((boxes, kinds, crowd))
        near = np.repeat(boxes, 2, axis=0) + rng.normal(0, 6, (2 * num, 4))
        corner = rng.uniform(0, 150, (6, 2))
        near = np.concatenate([near, np.concatenate([corner, corner + rng.uniform(4, 60, (6, 2))], axis=1)])
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        kinds = np.concatenate([np.repeat(kinds, 2), rng.integers(0, NUM_CLASSES, 6)])
        some = rng.permutation(len(near))[: 0 if image % 4 == 3 else len(near)]
        said.append((np.clip(near[some], 0, SIDE), kinds[some], np.round(rng.random(len(some)), 1)))
    return table_of_answers(*map(list, zip(*said, strict=True))), labels_of(truth)


def labels_of(truth: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> pa.Table:
    """Objects of images of ``SIDE`` pixels that networks see as they are."""
    boxes = np.concatenate([np.asarray(own, dtype=float).reshape(-1, 4) for own, *_ in truth])
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    kinds, crowd = (np.concatenate([np.asarray(own[part]) for own in truth]) for part in (1, 2))
    counts = np.array([len(own) for own, *_ in truth])
    objects = Objects(counts, boxes, kinds.astype(np.int64), crowd.astype(bool), areas)
    return table_of_labels(objects, np.full((len(truth), 2), SIDE), np.tile([1.0, 1.0, 0.0, 0.0], (len(truth), 1)))


def of_library(answers: pa.Table, labels: pa.Table) -> np.ndarray:
    """pycocotools' precision by threshold, class and area, ``(T, K, R)``; nan where there is nothing to find."""
    said, true = answers_of(answers), objects_of(labels)
    wide = true.boxes_M4.copy()
    wide[:, 2:] -= wide[:, :2]
    annotations = [
        {
            "id": n + 1,
            "image_id": int(i),
            "category_id": int(k),
            "bbox": b.tolist(),
            "iscrowd": int(c),
            "area": float(a),
        }
        for n, (i, k, b, c, a) in enumerate(
            zip(true.images_M, true.classes_M, wide, true.crowd_M, true.areas_M, strict=True)
        )
    ]
    boxes = said.boxes_M4.copy()
    boxes[:, 2:] -= boxes[:, :2]
    images = np.repeat(np.arange(len(said.counts_N)), said.counts_N)
    results = [
        {"image_id": int(i), "category_id": int(k), "bbox": b.tolist(), "score": float(s)}
        for i, k, b, s in zip(images, said.classes_M, boxes, said.scores_M, strict=True)
    ]
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": number} for number in range(len(said.counts_N))],
        "categories": [{"id": number} for number in range(NUM_CLASSES)],
        "annotations": annotations,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        judged = COCOeval(truth, truth.loadRes(results), "bbox")
        judged.evaluate()
        judged.accumulate()
    precision = judged.eval["precision"][..., -1]
    return np.where(precision == -1, np.nan, precision).mean(axis=1)


@pytest.mark.parametrize("seed", range(6))
def test_precisions_equal_those_of_pycocotools(seed: int) -> None:
    answers, labels = drawn(seed)
    ours = match(answers_of(answers), objects_of(labels), num_classes=NUM_CLASSES, areas=tuple(AREAS.values()))
    theirs = of_library(answers, labels)
    for area in range(len(AREAS)):
        np.testing.assert_allclose(average_precisions(ours, area=area), theirs[..., area], atol=1e-12)
    assert np.isnan(theirs[:, -1]).all()
    found = summarise(answers, labels, num_classes=NUM_CLASSES)
    assert found["map"] == pytest.approx(np.nanmean(theirs[..., 0]), abs=1e-12)
    assert found["map_50"] == pytest.approx(np.nanmean(theirs[0, :, 0]), abs=1e-12)
    assert found["map_75"] == pytest.approx(np.nanmean(theirs[5, :, 0]), abs=1e-12)


@pytest.mark.parametrize("metric", OF_THRESHOLDS)
def test_pseudo_values_equal_brute_force(metric: str) -> None:
    answers, labels = drawn(1)

    def of(rows: np.ndarray) -> float:
        some = pa.array(rows)
        return summarise(answers.take(some), labels.take(some), num_classes=NUM_CLASSES)[metric]

    ours = score_examples(answers, labels, metric, num_classes=NUM_CLASSES)
    np.testing.assert_allclose(ours, pseudo_values(of, len(labels)), atol=1e-10)
    assert abs(ours.mean() - of(np.arange(len(labels)))) < 1e-12


def test_leaving_images_out_needs_no_new_matching() -> None:
    answers, labels = drawn(2, count=40)
    matches = match(answers_of(answers), objects_of(labels), num_classes=NUM_CLASSES)
    without = [mean_precision(average_precisions(matches.without(image))) for image in range(40)]
    np.testing.assert_allclose(left_out(matches, range(10)), without, atol=1e-12)


def test_a_jackknife_costs_less_than_a_tenth_of_an_evaluation_an_image() -> None:
    answers, labels = drawn(3, count=200)

    def seconds(work: object) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    once = min(seconds(lambda: summarise(answers, labels, num_classes=NUM_CLASSES)) for _ in range(3))
    all_images = min(seconds(lambda: score_examples(answers, labels, "map", num_classes=NUM_CLASSES)) for _ in range(3))
    assert all_images < 200 / 10 * once


PERFECT = [(np.array([[10.0, 10, 50, 50]]), np.array([0]), np.array([False]))] * 2


def said(*images: tuple[list, list, list]) -> pa.Table:
    return table_of_answers(*map(list, zip(*images, strict=True)))


def test_perfect_boxes_are_worth_one_whatever_the_number_of_an_annotation() -> None:
    perfect = said(([[10, 10, 50, 50]], [0], [0.9]), ([[10, 10, 50, 50]], [0], [0.8]))
    found = summarise(perfect, labels_of(PERFECT), num_classes=2)
    assert found == {"map": 1.0, "map_50": 1.0, "map_75": 1.0}, "all that is offered: no mean overlap, which says 1 / n"
    assert {facts.name for facts in METRICS} == {*found, "loss"}


@pytest.mark.parametrize(("rank", "worth"), [(100, 1 / 100), (101, 0.0)])
def test_a_hundred_boxes_of_an_image_count_at_every_threshold_alike(rank: int, worth: float) -> None:
    elsewhere = [[100 + n / 10, 100, 150, 150] for n in range(rank - 1)]
    answers = said(([*elsewhere, [10, 10, 50, 50]], [0] * rank, [1 - n / 1000 for n in range(rank)]))
    found = summarise(answers, labels_of(PERFECT[:1]), num_classes=1)
    assert found == pytest.approx({"map": worth, "map_50": worth, "map_75": worth})


def test_no_answers_at_all_are_worth_nothing() -> None:
    nothing = said(([], [], []), ([], [], []))
    found = summarise(nothing, labels_of(PERFECT), num_classes=2)
    assert found == {"map": 0.0, "map_50": 0.0, "map_75": 0.0}
    assert score_examples(nothing, labels_of(PERFECT), "map", num_classes=2).tolist() == [0.0, 0.0]


def test_where_nothing_is_to_be_found_there_is_no_precision() -> None:
    empty = [(np.zeros((0, 4)), np.zeros(0), np.zeros(0))] * 2
    assert np.isnan(summarise(said(([], [], []), ([], [], [])), labels_of(empty), num_classes=2)["map"])


def test_only_objects_of_one_image_leave_pseudo_values_defined() -> None:
    alone = [PERFECT[0], (np.zeros((0, 4)), np.zeros(0), np.zeros(0))]
    answers = said(([[10, 10, 50, 50]], [0], [0.9]), ([[0, 0, 9, 9]], [0], [0.95]))
    assert np.isfinite(score_examples(answers, labels_of(alone), "map_50", num_classes=1)).all()


def test_what_lies_on_a_crowd_does_not_count() -> None:
    crowd = [(np.array([[10.0, 10, 50, 50], [100, 100, 190, 190]]), np.array([0, 0]), np.array([False, True]))]
    on_crowd = said(([[10, 10, 50, 50], [110, 110, 130, 130], [140, 140, 150, 150]], [0, 0, 0], [0.5, 0.9, 0.8]))
    assert summarise(on_crowd, labels_of(crowd), num_classes=1)["map"] == 1.0


def test_an_object_of_32_by_32_pixels_is_small_and_medium() -> None:
    edge = [(np.array([[0.0, 0, 32, 32]]), np.array([0]), np.array([False]))]
    table = by_class_and_size(said(([[0, 0, 32, 32]], [0], [0.5])), labels_of(edge), ["thing"])
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["small objects"] == rows["medium objects"] == [1, "100.0%", "100.0%", "100.0%"]
    assert rows["large objects"] == [0, "nothing to find", "nothing to find", "nothing to find"]


def test_validation_gathers_batches_to_the_same_values() -> None:
    answers, labels = drawn(4, crowds=False)
    said_all, true_all = answers_of(answers), objects_of(labels)
    metric = Precisions(NUM_CLASSES)
    for rows in np.split(np.arange(12), 3):
        own = true_all.of(rows)
        part = answers_of(answers.take(pa.array(rows)))
        metric.update(
            Ragged(
                boxes=torch.tensor(part.boxes_M4, dtype=torch.float32),
                classes=torch.tensor(part.classes_M),
                scores=torch.tensor(part.scores_M, dtype=torch.float32),
                counts=torch.tensor(part.counts_N),
            ),
            Ragged(
                boxes=torch.tensor(own.boxes_M4),
                classes=torch.tensor(own.classes_M),
                crowd=torch.tensor(own.crowd_M),
                counts=torch.tensor(own.counts_N),
            ),
        )
    assert len(said_all.scores_M) == int(torch.cat(metric.said_counts).sum())
    whole = summarise(answers, labels, num_classes=NUM_CLASSES)
    assert {name: float(value) for name, value in metric.compute().items()} == pytest.approx(whole, abs=1e-6)
