"""The classification task's loss, metrics and example scores against independent implementations."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch import nn

from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases
from bakeoff.data.image.spec import ImageSpec
from bakeoff.statistics import pseudo_values
from bakeoff.tables import column, table_of
from bakeoff.tasks.image_classification.task import ImageClassification

LABELS = np.array([0, 1, 2, 1, 0, 2, 2])
SPEC = ImageSpec(
    name="made",
    fingerprint="f",
    split_fingerprint="s",
    num_train=3,
    num_val=1,
    num_test=7,
    channels=1,
    height=2,
    width=2,
    class_names=("a", "b", "c"),
    mean=(0.5,),
    std=(0.5,),
)
TASK = ImageClassification(spec=SPEC)


@pytest.fixture
def probabilities():
    logits = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    return column(TASK.respond(nn.Identity(), logits), "probabilities")


def summarised(probabilities, labels=LABELS):
    return TASK.summarise(table_of(probabilities=probabilities), table_of(label=labels))


def scored(probabilities, metric):
    return TASK.score_examples(table_of(probabilities=probabilities), table_of(label=LABELS), metric)


def test_summary_agrees_with_scikit_learn(probabilities):
    found, answers = summarised(probabilities), probabilities.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(accuracy_score(LABELS, answers))
    assert found["f1_macro"] == pytest.approx(f1_score(LABELS, answers, average="macro"), abs=1e-6)


def test_example_scores_average_to_the_metric(probabilities):
    assert scored(probabilities, "accuracy").mean() == pytest.approx(summarised(probabilities)["accuracy"])
    expected = torch.nn.functional.nll_loss(torch.log(torch.tensor(probabilities)), torch.from_numpy(LABELS))
    assert scored(probabilities, "loss").mean() == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("metric", ["f1_macro", "calibration_error"])
def test_pseudo_values_are_those_of_leaving_each_example_out(probabilities, metric):
    def measured(rows):
        return summarised(probabilities[rows], LABELS[rows])[metric]

    assert scored(probabilities, metric) == pytest.approx(pseudo_values(measured, len(LABELS)), abs=1e-5)


def test_certain_answers_share_the_last_bin_in_summary_scores_and_validation():
    """torchmetrics 1.9.0 gives a confidence of exactly 1 a bin of its own, and so 0.275."""
    probabilities = np.array([[1.0, 0.0, 0.0]] * 50 + [[0.95, 0.05, 0.0]] * 50)
    labels = np.array([0, 1] * 25 + [0] * 50)
    table, truth = table_of(probabilities=probabilities), table_of(label=labels)
    assert TASK.summarise(table, truth)["calibration_error"] == pytest.approx(0.225)
    shares = TASK.score_examples(table, truth, "calibration_error")
    assert shares == pytest.approx(pseudo_values(lambda rows: all_in_one_bin(probabilities, labels, rows), 100))
    metrics = TASK.metrics("val")
    logits = torch.tensor(probabilities).log()
    for rows in (slice(0, 60), slice(60, 100)):
        TASK.update(metrics, (logits[rows], torch.tensor(labels[rows])))
    assert float(metrics.compute()["calibration_error"]) == pytest.approx(0.225)


def all_in_one_bin(probabilities, labels, rows):
    """The calibration error where all confidences lie above 14/15."""
    right = probabilities[rows].argmax(axis=1) == labels[rows]
    return abs(probabilities[rows].max(axis=1).mean() - right.mean())


def test_logits_that_look_like_probabilities_are_none():
    """torchmetrics 1.9.0 takes a batch whose logits all lie in [0, 1] for probabilities, and so finds 0.3."""
    task = ImageClassification(spec=dataclasses.replace(SPEC, class_names=("a", "b")))
    logits_BK, labels_B = torch.tensor([[0.9, 0.1], [0.8, 0.3], [0.7, 0.2], [0.6, 0.1]]), torch.tensor([0, 0, 0, 1])
    metrics = task.metrics("val")
    task.update(metrics, task.observe(logits_BK, Batch(torch.zeros(4, 1, 2, 2), labels_B, 4)))
    surest, others = 1 / (1 + math.exp(-0.8)), 1 / (1 + math.exp(-0.5))  # 0.690 and 0.622, in two bins
    expected = 1 / 4 * (1 - surest) + 3 / 4 * (2 / 3 - others)
    assert expected == pytest.approx(0.1107, abs=5e-5)
    assert float(metrics.compute()["calibration_error"]) == pytest.approx(expected, abs=1e-6)
    assert float(metrics.compute()["accuracy"]) == 0.75


def test_a_probability_that_is_no_number_has_no_calibration_error():
    metrics = TASK.metrics("val")
    TASK.update(metrics, (torch.tensor([[1.0, 0.0, 0.0], [math.nan] * 3]), torch.tensor([0, 1])))
    assert math.isnan(metrics.compute()["calibration_error"])


def test_the_trivial_predictor_answers_the_most_common_class_of_training():
    train = Cases(["a", "b", "c"], table_of(label=np.array([2, 2, 1])), [None] * 3)
    trivial = column(TASK.trivial(train, [None] * 4), "probabilities")
    assert trivial.argmax(axis=1).tolist() == [2, 2, 2, 2]
    assert trivial[0].tolist() == pytest.approx([0, 1 / 3, 2 / 3])


def test_what_is_predicted_is_the_class_its_probability_and_all_others():
    table = TASK.predicted(table_of(probabilities=np.array([[0.2, 0.7, 0.1]])))
    assert table.column_names == ["prediction", "confidence", "p(a)", "p(b)", "p(c)"]
    assert table.to_pylist()[0]["prediction"] == "b"
    assert table.to_pylist()[0]["confidence"] == pytest.approx(0.7)


def test_the_first_metric_that_is_declared_decides_unless_another_is_named():
    assert TASK.facts("calibration_error").sign == -1.0
    assert TASK.facts("accuracy").perfect == 1.0
    assert TASK.facts("speed", direction="minimize").sign == -1.0
