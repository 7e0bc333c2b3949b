"""Thresholds that validation chooses, against trying every one; and what follows from them in the task."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef
from torch import nn

from bakeoff.tables import column, table_of
from bakeoff.tasks.classes.threshold import best_threshold
from bakeoff.tasks.image_classification.task import ImageClassification
from tests.tasks.test_image_classification import SPEC

METRICS = {
    "f1": lambda true, said: f1_score(true, said, zero_division=0),
    "balanced_accuracy": balanced_accuracy_score,
    "mcc": matthews_corrcoef,
}
RNG = np.random.default_rng(0)
TRUE_BK = RNG.uniform(size=(80, 3)) < [0.1, 0.3, 0.5]
SCORES_BK = np.clip(RNG.normal(0.2 + 0.2 * TRUE_BK, 0.15), 0, 1).round(2)
TWO = dataclasses.replace(SPEC, class_names=("no", "yes"), rarest_class=1)


@pytest.mark.parametrize("by", METRICS)
def test_the_threshold_is_the_best_of_all(by):
    scores_B, true_B = SCORES_BK[:, 0], TRUE_BK[:, 0]
    found = best_threshold(scores_B[:, None], true_B[:, None], by=by)
    every = [METRICS[by](true_B, scores_B >= threshold) for threshold in np.unique(scores_B)]
    assert METRICS[by](true_B, scores_B >= found) == pytest.approx(max(every))
    assert np.abs(scores_B - found).min() > 1e-6  # between two scores, so that rounding does not matter


@pytest.mark.parametrize("by", METRICS)
def test_one_threshold_for_all_labels_is_the_best_of_their_mean(by):
    def mean(threshold):
        return np.mean([METRICS[by](TRUE_BK[:, k], SCORES_BK[:, k] >= threshold) for k in range(3)])

    found = best_threshold(SCORES_BK, TRUE_BK, by=by)
    assert mean(found) == pytest.approx(max(mean(threshold) for threshold in np.unique(SCORES_BK)))


def test_without_an_example_or_a_finite_score_it_is_a_half():
    assert best_threshold(np.array([[0.1], [0.9]]), np.array([[False], [False]]), by="f1") == 0.5
    assert best_threshold(np.array([[0.1], [np.nan]]), np.array([[True], [False]]), by="f1") == 0.5


def test_two_classes_are_decided_by_the_threshold_everywhere():
    task = ImageClassification(spec=TWO, threshold="f1")
    yes_N, labels_N = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.02]), np.array([0, 0, 1, 1, 0, 0])
    answers, labels = table_of(probabilities=np.column_stack([1 - yes_N, yes_N])), table_of(label=labels_N)
    assert task.summarise(answers, labels)["f1"] == 0.0  # nobody is above a half
    found = task.settle(answers, labels)
    assert found == {"threshold": {"yes": pytest.approx(0.15)}}
    settled = task.settled(answers, found)
    assert column(settled, "decisions").tolist() == [0, 0, 1, 1, 1, 0]
    assert task.summarise(settled, labels)["f1"] == pytest.approx(f1_score(labels_N, [0, 0, 1, 1, 1, 0]))
    assert task.score_examples(settled, labels, "accuracy").tolist() == [1, 1, 1, 1, 0, 1]
    assert task.predicted(settled)["prediction"].to_pylist() == ["no", "no", "yes", "yes", "yes", "no"]
    assert task.predicted(settled)["confidence"].to_pylist() == pytest.approx([0.95, 0.9, 0.2, 0.3, 0.4, 0.98])


def test_the_positive_class_may_be_the_first():
    task = ImageClassification(spec=TWO, threshold=0.3, positive="no")
    answers = task.settled(table_of(probabilities=np.array([[0.35, 0.65], [0.2, 0.8]])), task.settle(*some(2)))
    assert column(answers, "decisions").tolist() == [0, 1]


def some(count):
    return table_of(probabilities=np.full((count, 2), 0.5)), table_of(label=np.zeros(count, dtype=int))


def test_several_labels_have_a_threshold_each_or_one_for_all():
    spec = dataclasses.replace(SPEC, multi_label=True)
    answers, labels = table_of(probabilities=SCORES_BK), table_of(label=TRUE_BK.astype(np.uint8))
    each = ImageClassification(spec=spec, threshold="f1")
    found = each.settle(answers, labels)["threshold"]
    expected = [best_threshold(SCORES_BK[:, [k]], TRUE_BK[:, [k]], by="f1") for k in range(3)]
    assert list(found) == ["a", "b", "c"] and list(found.values()) == pytest.approx(expected)
    f1_macro = each.summarise(each.settled(answers, {"threshold": found}), labels)["f1_macro"]
    said_BK = expected <= SCORES_BK
    assert f1_macro == pytest.approx(f1_score(TRUE_BK, said_BK, average="macro"))
    one = ImageClassification(spec=spec, threshold="f1", threshold_per_label=False)
    assert len(set(one.settle(answers, labels)["threshold"].values())) == 1


def test_validation_is_judged_at_the_threshold_that_is_best_for_it():
    task = ImageClassification(spec=TWO, threshold="f1")
    metrics = task.metrics("val")
    yes_N, labels_N = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 1])
    task.update(metrics, (torch.stack([1 - yes_N, yes_N], dim=1), labels_N))
    assert metrics.compute()["f1"] == 1.0


def test_what_has_no_threshold_is_refused():
    with pytest.raises(ValueError, match="two classes or several labels; these are 3 classes"):
        ImageClassification(spec=SPEC, threshold="f1")
    with pytest.raises(ValueError, match="above 0 and below 1"):
        ImageClassification(spec=TWO, threshold=1.0)


def test_without_a_threshold_nothing_is_settled():
    task = ImageClassification(spec=TWO)
    answers = task.respond(nn.Identity(), torch.zeros(2, 2))
    assert not task.settles and task.settled(answers, {}).column_names == ["probabilities"]
