"""What the report shows of answers to the whole test, class by class, and what speaks against a metric."""

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

from bakeoff.tables import table_of
from bakeoff.tasks.classes.overview import RECALLS_R, precision_at_recalls
from bakeoff.tasks.contract import Sealed
from bakeoff.tasks.image_classification.task import ImageClassification
from tests.tasks.test_image_classification import SPEC

RNG = np.random.default_rng(0)
TWO = dataclasses.replace(SPEC, class_names=("no", "yes"), rarest_class=1)
TRUE_N = RNG.uniform(size=60) < 0.2
LABELS = table_of(label=TRUE_N.astype(int))


def sealed(task, seed, threshold=None):
    yes_N = np.clip(np.random.default_rng(seed).normal(0.3 + 0.3 * TRUE_N, 0.2), 0, 1)
    answers = table_of(probabilities=np.column_stack([1 - yes_N, yes_N]))
    found = {} if threshold is None else {"threshold": {"yes": threshold}}
    return Sealed(task.settled(answers, found), found), yes_N


def test_two_classes_show_the_curve_of_the_positive_one_and_a_table_of_both():
    task = ImageClassification(spec=TWO, threshold="f1")
    (first, one_N), (second, other_N) = sealed(task, 1, 0.4), sealed(task, 2, 0.5)
    curve, table = task.overview({"lenet": iter([first, second]), "linear": iter([second])}, LABELS)
    assert curve.title == "Precision against recall: yes" and curve.level == pytest.approx(TRUE_N.mean())
    assert [line.name for line in curve.lines] == ["lenet", "linear"]
    halves = [precision_at_recalls(yes_N, TRUE_N) for yes_N in (one_N, other_N)]
    assert curve.lines[0].y == pytest.approx(np.mean(halves, axis=0), abs=1e-5)
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    count, precision, recall, f1, ap, threshold = rows["yes", "lenet"]
    assert count == TRUE_N.sum()
    said = [one_N >= 0.4, other_N >= 0.5]
    assert f1 == pytest.approx(100 * np.mean([f1_score(TRUE_N, each) for each in said]), abs=0.006)
    assert ap == pytest.approx(100 * np.mean([average_precision_score(TRUE_N, s) for s in (one_N, other_N)]), abs=0.006)
    assert curve.lines[0].mark == pytest.approx((recall / 100, precision / 100))
    assert threshold == "0.45 (0.4 to 0.5)"
    assert rows["no", "lenet"][-1] == "—" and rows["yes", "linear"][-1] == "0.5"


def test_precision_at_a_recall_is_that_of_the_highest_threshold_that_reaches_it():
    _, yes_N = sealed(ImageClassification(spec=TWO), 1)
    precision, recall, _ = precision_recall_curve(TRUE_N, yes_N, drop_intermediate=False)
    expected = [precision[np.flatnonzero(recall >= target - 1e-9)[-1]] for target in RECALLS_R]
    assert precision_at_recalls(yes_N, TRUE_N) == pytest.approx(expected)


def test_of_many_classes_the_rarest_of_the_test_are_drawn_and_all_have_rows():
    names = tuple(f"class {k}" for k in range(20))
    task = ImageClassification(spec=dataclasses.replace(SPEC, class_names=names))
    labels = np.repeat(np.arange(19), np.arange(1, 20))  # the last class is not in the test
    answers = table_of(probabilities=RNG.dirichlet(np.ones(20), size=len(labels)))
    *curves, table = task.overview({"lenet": [Sealed(answers, {})]}, table_of(label=labels))
    assert [curve.title for curve in curves] == [f"Precision against recall: class {k}" for k in range(12)]
    assert [row[0] for row in table.rows] == list(names) and "threshold" not in table.columns
    assert table.rows[-1][2] == 0 and table.rows[-1][4] is None  # its recall


def test_several_labels_have_a_curve_a_row_and_a_threshold_each():
    task = ImageClassification(spec=dataclasses.replace(SPEC, multi_label=True), threshold="f1")
    scores_NK = RNG.uniform(size=(40, 3))
    labels = table_of(label=(scores_NK + RNG.normal(0, 0.3, (40, 3)) > 0.6).astype(np.uint8))
    answers = table_of(probabilities=scores_NK)
    found = task.settle(answers, labels)
    *curves, table = task.overview({"lenet": [Sealed(task.settled(answers, found), found)]}, labels)
    assert [curve.title[-1] for curve in curves] == [row[0] for row in table.rows] == ["a", "b", "c"]
    assert [float(row[-1]) for row in table.rows] == pytest.approx(list(found["threshold"].values()), abs=5e-4)


def test_without_a_finished_trial_there_is_nothing_to_show():
    assert ImageClassification(spec=TWO).overview({"lenet": []}, LABELS) == []


def test_accuracy_is_doubted_where_one_class_has_more_than_nine_tenths():
    def doubts(counts, metric="accuracy", **changes):
        spec = dataclasses.replace(TWO, num_train=100, class_counts=counts, **changes)
        return ImageClassification(spec=spec).doubts(metric)

    (told,) = doubts((97, 3))
    assert told.startswith("Always answering no is right in 97.0 %") and told.endswith("[metric.rare_class]")
    assert doubts((90, 10)) == doubts((97, 3), "average_precision") == doubts(()) == []
    assert len(doubts((2, 3), multi_label=True)) == 1
    assert doubts((50, 3), multi_label=True) == []
