"""AUROC and average precision against scikit-learn, and without each example against the metric on the others."""

import time

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from bakeoff.tasks.classes.ranks import RANKED, auroc, averaged, precision_recall

REFERENCE = {"auroc": roc_auc_score, "average_precision": average_precision_score}
RNG = np.random.default_rng(0)
LOOSE_B, TRUE_B = RNG.uniform(size=60), RNG.uniform(size=60) < 0.3
SCORES = {
    "distinct": LOOSE_B,
    "many ties": np.round(LOOSE_B, 1),
    "two values": np.where(LOOSE_B > 0.7, 0.9, 0.1),
    "all the same": np.full(60, 0.03),
}


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize("scores", SCORES)
def test_ranks_are_those_of_scikit_learn_on_all_and_without_each(name, scores):
    scores_B, metric = SCORES[scores], REFERENCE[name]
    found = RANKED[name](scores_B, TRUE_B)
    assert found.whole == pytest.approx(metric(TRUE_B, scores_B), abs=1e-12)
    left_out = [metric(np.delete(TRUE_B, i), np.delete(scores_B, i)) for i in range(60)]
    assert found.without_B == pytest.approx(left_out, abs=1e-12)


def test_worked_by_hand():
    """Right, wrong, right: precision 1 and 2/3 at the right ones; of the two pairs one is in order."""
    scores_B, true_B = np.array([0.9, 0.5, 0.2]), np.array([True, False, True])
    precise, ranked = RANKED["average_precision"](scores_B, true_B), auroc(scores_B, true_B)
    assert precise.whole == pytest.approx((1 + 2 / 3) / 2)
    assert precise.without_B == pytest.approx([1 / 2, 1, 1])
    assert ranked.whole == 0.5
    assert ranked.without_B == pytest.approx([0, np.nan, 1], nan_ok=True)


def test_a_class_with_one_example_counts_as_answers_that_know_nothing_without_it():
    scores_B1, true_B1 = np.array([[0.9], [0.5], [0.2]]), np.array([[True], [False], [False]])
    assert averaged("auroc", scores_B1, true_B1).without_B == pytest.approx([0.5, 1, 1])
    assert averaged("average_precision", scores_B1, true_B1).without_B == pytest.approx([0, 1, 1])


def test_classes_that_the_labels_lack_are_left_out_of_the_mean():
    scores_BK = RNG.uniform(size=(60, 3))
    true_BK = np.column_stack([TRUE_B, ~TRUE_B, np.zeros(60, dtype=bool)])
    for name, metric in REFERENCE.items():
        expected = np.mean([metric(true_BK[:, k], scores_BK[:, k]) for k in (0, 1)])
        assert averaged(name, scores_BK, true_BK).whole == pytest.approx(expected)


def test_a_score_that_is_no_number_has_no_rank():
    assert np.isnan(averaged("auroc", np.array([[0.1], [np.nan]]), np.array([[True], [False]])).whole)


def test_precision_against_recall_is_that_of_scikit_learn():
    scores_B = SCORES["many ties"]
    precision, recall = precision_recall(scores_B, TRUE_B)
    expected_precision, expected_recall, _ = precision_recall_curve(TRUE_B, scores_B, drop_intermediate=False)
    assert precision[::-1] == pytest.approx(expected_precision[:-1])
    assert recall[::-1] == pytest.approx(expected_recall[:-1])


@pytest.mark.parametrize("name", RANKED)
def test_ten_thousand_examples_take_far_less_than_a_second(name):
    scores_B, true_B = RNG.uniform(size=10_000), RNG.uniform(size=10_000) < 0.03
    started = time.process_time()
    RANKED[name](scores_B, true_B)
    assert time.process_time() - started < 0.5
