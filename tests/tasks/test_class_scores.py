"""Scores of several labels a text, against scikit-learn and the jackknife; one label is covered with images."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from bakeoff.statistics import pseudo_values
from bakeoff.tasks import class_scores

RNG = np.random.default_rng(0)
PROBABILITIES_BK = RNG.uniform(size=(40, 3)).astype(np.float32)
LABELS_BK = (RNG.uniform(size=(40, 3)) < 0.4).astype(np.uint8)


def test_several_labels_are_summarised_as_by_scikit_learn():
    found = class_scores.summarise(PROBABILITIES_BK, LABELS_BK)
    said_BK = PROBABILITIES_BK > 0.5
    assert found["accuracy"] == pytest.approx((said_BK == LABELS_BK).mean(), abs=1e-6)
    assert found["f1_macro"] == pytest.approx(f1_score(LABELS_BK, said_BK, average="macro"), abs=1e-6)


def test_accuracy_over_decisions_is_a_mean_over_texts():
    scores_B = class_scores.score_examples(PROBABILITIES_BK, LABELS_BK, "accuracy")
    assert scores_B.shape == (40,)
    assert scores_B.mean() == pytest.approx(class_scores.summarise(PROBABILITIES_BK, LABELS_BK)["accuracy"], abs=1e-6)


def test_the_loss_of_several_labels_is_the_mean_binary_cross_entropy():
    scores_B = class_scores.score_examples(PROBABILITIES_BK, LABELS_BK, "loss")
    expected = np.mean([log_loss(LABELS_BK[:, k], PROBABILITIES_BK[:, k].astype(float)) for k in range(3)])
    assert scores_B.mean() == pytest.approx(expected, rel=1e-6)


def test_macro_f1_of_several_labels_is_jackknifed():
    def measured(rows):
        return class_scores.summarise(PROBABILITIES_BK[rows], LABELS_BK[rows])["f1_macro"]

    found = class_scores.score_examples(PROBABILITIES_BK, LABELS_BK, "f1_macro")
    assert found == pytest.approx(pseudo_values(measured, 40), abs=1e-4)


def test_a_class_that_nobody_has_and_half_a_probability_count_alike_in_scores_and_summary():
    probabilities_BK, labels_BK = PROBABILITIES_BK.copy(), LABELS_BK.copy()
    probabilities_BK[:, 1], labels_BK[:, 1] = 0.5, 0
    found = class_scores.summarise(probabilities_BK, labels_BK)

    def measured(rows):
        return f1_score(labels_BK[rows], probabilities_BK[rows] > 0.5, average="macro", zero_division=0)

    assert found["f1_macro"] == pytest.approx(measured(np.arange(40)), abs=1e-6)
    f1_B = class_scores.score_examples(probabilities_BK, labels_BK, "f1_macro")
    assert f1_B == pytest.approx(pseudo_values(measured, 40), abs=1e-9)
    accuracy_B = class_scores.score_examples(probabilities_BK, labels_BK, "accuracy")
    assert accuracy_B.mean() == pytest.approx(found["accuracy"], abs=1e-6)


def test_shares_of_several_labels_are_each_classs_own():
    assert class_scores.class_shares(LABELS_BK, 3) == pytest.approx(LABELS_BK.mean(axis=0))
    assert class_scores.class_shares(np.array([2, 2, 1, 2]), 3).tolist() == [0.0, 0.25, 0.75]
