"""Every metric of class probabilities against scikit-learn and torchmetrics, and its pseudo-values by leaving out."""

import numpy as np
import pytest
import torch
from sklearn import metrics as reference
from sklearn.metrics import f1_score, log_loss
from torchmetrics.functional.classification import multiclass_accuracy

from bakeoff.statistics import pseudo_values
from bakeoff.tasks.classes.answered import Answered
from bakeoff.tasks.classes.facts import METRICS
from bakeoff.tasks.classes.order import class_values
from bakeoff.tasks.classes.scores import ClassScores, class_shares

RNG = np.random.default_rng(0)
SEVERAL = ClassScores(num_classes=3, several=True)
PROBABILITIES_BK = RNG.uniform(size=(40, 3)).astype(np.float32)
LABELS_BK = (RNG.uniform(size=(40, 3)) < 0.4).astype(np.uint8)

STARS = ClassScores(num_classes=4, values_K=np.array([1.0, 2.0, 3.0, 5.0]), top_k=2)
FLAT_BK = RNG.dirichlet(np.ones(4), size=50)
GRADES = RNG.integers(0, 4, 50)

RARE = ClassScores(num_classes=2, positive=0)
RARE_LABELS = np.where(RNG.uniform(size=50) < 0.2, 0, 1)
RARE_BK = np.column_stack([RNG.uniform(size=50), np.zeros(50)])
RARE_BK[:, 1] = 1 - RARE_BK[:, 0]

KINDS = {
    "four in order": (STARS, FLAT_BK, GRADES),
    "two": (RARE, RARE_BK, RARE_LABELS),
    "several": (SEVERAL, PROBABILITIES_BK, LABELS_BK),
}
DECLARED = {facts.name: facts for facts in METRICS}


def summarised(kind):
    scores, probabilities, labels = KINDS[kind]
    return scores.summarise(Answered.of(probabilities, labels))


def test_one_of_several_ordered_classes_is_summarised_as_by_scikit_learn():
    found, said = summarised("four in order"), FLAT_BK.argmax(axis=1)
    values = STARS.values_K
    assert found == pytest.approx(
        {
            "accuracy": reference.accuracy_score(GRADES, said),
            "balanced_accuracy": reference.balanced_accuracy_score(GRADES, said),
            "f1_macro": reference.f1_score(GRADES, said, average="macro"),
            "precision_macro": reference.precision_score(GRADES, said, average="macro", zero_division=0),
            "recall_macro": reference.recall_score(GRADES, said, average="macro", zero_division=0),
            "mcc": reference.matthews_corrcoef(GRADES, said),
            "auroc": reference.roc_auc_score(GRADES, FLAT_BK, average="macro", multi_class="ovr"),
            "average_precision": reference.average_precision_score(np.eye(4)[GRADES], FLAT_BK, average="macro"),
            "accuracy_top_k": reference.top_k_accuracy_score(GRADES, FLAT_BK, k=2),
            "mae": reference.mean_absolute_error(values[GRADES], values[said]),
            "kappa_quadratic": kappa_of_values(values[GRADES], values[said]),
            "calibration_error": found["calibration_error"],  # has a test of its own
        }
    )


def kappa_of_values(true, said):
    """1 less the squared error over that of every answer with every label."""
    return 1 - np.mean((true - said) ** 2) / np.mean((true[:, None] - said[None, :]) ** 2)


def test_quadratic_kappa_of_steps_of_one_is_cohens():
    scores = ClassScores(num_classes=4, values_K=np.arange(4.0))
    expected = reference.cohen_kappa_score(GRADES, FLAT_BK.argmax(axis=1), weights="quadratic")
    assert scores.summarise(Answered.of(FLAT_BK, GRADES))["kappa_quadratic"] == pytest.approx(expected)


def test_top_k_counts_ties_as_torchmetrics_does_where_there_are_none():
    expected = multiclass_accuracy(torch.tensor(FLAT_BK), torch.tensor(GRADES), 4, top_k=2, average="micro")
    assert summarised("four in order")["accuracy_top_k"] == pytest.approx(float(expected))


def test_of_equal_probabilities_the_first_classes_are_the_first_k():
    answered = Answered.of(np.full((4, 4), 0.25), np.arange(4))
    assert STARS.score_examples(answered, "accuracy_top_k").tolist() == [1, 1, 0, 0]
    assert STARS.score_examples(answered, "accuracy").tolist() == [1, 0, 0, 0]


def test_two_classes_are_summarised_by_the_positive_one():
    found, positive, said = summarised("two"), RARE_LABELS == 0, RARE_BK[:, 0] >= 0.5
    assert found["f1"] == pytest.approx(reference.f1_score(positive, said))
    assert found["precision"] == pytest.approx(reference.precision_score(positive, said))
    assert found["recall"] == pytest.approx(reference.recall_score(positive, said))
    assert found["auroc"] == pytest.approx(reference.roc_auc_score(positive, RARE_BK[:, 0]))
    assert found["average_precision"] == pytest.approx(reference.average_precision_score(positive, RARE_BK[:, 0]))
    assert found["mcc"] == pytest.approx(reference.matthews_corrcoef(positive, said))


def test_several_labels_are_summarised_as_by_scikit_learn_label_by_label():
    found, said_BK = summarised("several"), PROBABILITIES_BK > 0.5
    each = [(LABELS_BK[:, k], said_BK[:, k]) for k in range(3)]
    assert found["accuracy"] == pytest.approx((said_BK == LABELS_BK).mean())
    assert found["f1_macro"] == pytest.approx(f1_score(LABELS_BK, said_BK, average="macro"))
    assert found["precision_macro"] == pytest.approx(reference.precision_score(LABELS_BK, said_BK, average="macro"))
    assert found["recall_macro"] == pytest.approx(reference.recall_score(LABELS_BK, said_BK, average="macro"))
    assert found["mcc"] == pytest.approx(np.mean([reference.matthews_corrcoef(*pair) for pair in each]))
    assert found["balanced_accuracy"] == pytest.approx(
        np.mean([reference.balanced_accuracy_score(*pair) for pair in each])
    )
    assert found["auroc"] == pytest.approx(reference.roc_auc_score(LABELS_BK, PROBABILITIES_BK, average="macro"))
    assert found["average_precision"] == pytest.approx(
        reference.average_precision_score(LABELS_BK, PROBABILITIES_BK, average="macro")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_examples_share_is_its_score_or_what_leaving_it_out_changes(kind):
    scores, probabilities, labels = KINDS[kind]
    whole = summarised(kind)
    assert set(whole) <= set(DECLARED)
    for name, value in whole.items():
        shares = scores.score_examples(Answered.of(probabilities, labels), name)

        def measured(rows, name=name):
            return scores.summarise(Answered.of(probabilities[rows], labels[rows]))[name]

        assert shares.mean() == pytest.approx(value, abs=1e-9), name
        assert shares == pytest.approx(pseudo_values(measured, len(labels)), abs=1e-6), name
        if DECLARED[name].score_range is not None:
            assert shares.min() >= 0 and shares.max() <= 1, name


def test_pseudo_values_have_no_range_and_shares_of_right_answers_have():
    bounded = {name for name, facts in DECLARED.items() if facts.score_range == (0.0, 1.0)}
    assert bounded == {"accuracy", "accuracy_top_k"}
    assert {name for name, facts in DECLARED.items() if facts.unit == "none"} == {
        "mcc",
        "mae",
        "kappa_quadratic",
        "loss",
    }


def test_the_loss_of_several_labels_is_the_mean_binary_cross_entropy():
    scores_B = SEVERAL.score_examples(Answered.of(PROBABILITIES_BK, LABELS_BK), "loss")
    expected = np.mean([log_loss(LABELS_BK[:, k], PROBABILITIES_BK[:, k].astype(float)) for k in range(3)])
    assert scores_B.mean() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("several", [True, False])
def test_a_class_that_occurs_nowhere_is_left_out_of_averages_of_several_labels_as_of_one(several):
    """The third class is in no label and no answer; before, several labels counted an F1 of 0 for it."""
    said, labels = np.array([0, 1, 1, 0, 1, 0]), np.array([0, 1, 0, 0, 1, 1])
    probabilities_BK = np.eye(3)[said]
    given = np.eye(3)[labels] if several else labels
    found = ClassScores(num_classes=3, several=several).summarise(Answered.of(probabilities_BK, given))
    expected = f1_score(labels, said, average="macro")  # scikit-learn knows of two classes only
    assert expected == pytest.approx(2 / 3)
    assert found["f1_macro"] == pytest.approx(expected)
    assert found["precision_macro"] == pytest.approx(2 / 3)
    assert found["recall_macro"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("several", [True, False])
def test_a_class_that_is_only_answered_counts_with_zero(several):
    said, labels = np.array([0, 1, 1, 0, 1, 2]), np.array([0, 1, 0, 0, 1, 1])
    given = np.eye(3)[labels] if several else labels
    found = ClassScores(num_classes=3, several=several).summarise(Answered.of(np.eye(3)[said], given))
    assert found["f1_macro"] == pytest.approx(f1_score(labels, said, average="macro", zero_division=0))


def test_half_a_probability_is_no_label():
    answered = Answered.of(np.full((4, 2), 0.5), np.array([[1, 0], [0, 0], [0, 0], [0, 0]]))
    assert not answered.said_BK.any()


def test_what_is_not_measured_of_such_classes_says_why():
    answered = Answered.of(FLAT_BK, GRADES)
    for scores, metric, why in (
        (ClassScores(num_classes=4), "mae", "ordinal=true"),
        (ClassScores(num_classes=4), "f1", "two classes"),
        (ClassScores(num_classes=4), "accuracy_top_k", "top_k"),
        (ClassScores(num_classes=400), "auroc", "up to 100 classes, these are 400"),
        (SEVERAL, "calibration_error", "one label"),
    ):
        with pytest.raises(ValueError, match=why):
            scores.score_examples(answered, metric)


def test_where_ordered_classes_lie():
    assert class_values(("1", "2", "10"), True).tolist() == [1, 2, 10]
    assert class_values(("bad", "fair", "good"), ["good", "fair", "bad"]).tolist() == [2, 1, 0]
    assert class_values(("a", "b"), False) is None
    with pytest.raises(ValueError, match="needs numbers for classes"):
        class_values(("bad", "good"), True)
    with pytest.raises(ValueError, match="every class once"):
        class_values(("bad", "good"), ["bad", "best"])


def test_shares_of_several_labels_are_each_classs_own():
    assert class_shares(LABELS_BK, 3) == pytest.approx(LABELS_BK.mean(axis=0))
    assert class_shares(np.array([2, 2, 1, 2]), 3).tolist() == [0.0, 0.25, 0.75]
