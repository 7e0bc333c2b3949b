"""The classification task's loss, metrics and example scores against independent implementations."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from bakeoff.statistics import pseudo_values
from bakeoff.tasks.image_classification.task import ImageClassification

LABELS = np.array([0, 1, 2, 1, 0, 2, 2])


@pytest.fixture
def predictions():
    logits = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    return ImageClassification.predictions(logits)


def test_summary_agrees_with_scikit_learn(predictions):
    found = ImageClassification.summarise(predictions, LABELS)
    answers = predictions["probabilities"].argmax(axis=1)
    assert found["accuracy"] == pytest.approx(accuracy_score(LABELS, answers))
    assert found["f1_macro"] == pytest.approx(f1_score(LABELS, answers, average="macro"), abs=1e-6)


def test_example_scores_average_to_the_metric(predictions):
    summary = ImageClassification.summarise(predictions, LABELS)
    scores = ImageClassification.score_examples(predictions, LABELS, "accuracy")
    assert scores.mean() == pytest.approx(summary["accuracy"])
    losses = ImageClassification.score_examples(predictions, LABELS, "loss")
    expected = torch.nn.functional.nll_loss(
        torch.log(torch.from_numpy(predictions["probabilities"])), torch.from_numpy(LABELS)
    )
    assert losses.mean() == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("metric", ["f1_macro", "calibration_error"])
def test_pseudo_values_are_those_of_leaving_each_example_out(predictions, metric):
    probabilities = predictions["probabilities"]

    def measured(rows):
        return ImageClassification.summarise({"probabilities": probabilities[rows]}, LABELS[rows])[metric]

    found = ImageClassification.score_examples(predictions, LABELS, metric)
    assert found == pytest.approx(pseudo_values(measured, len(LABELS)), abs=1e-5)


def test_the_trivial_predictor_answers_the_most_common_class_of_training():
    trivial = ImageClassification.trivial_predictions(np.array([2, 2, 1]), 4, SimpleNamespace(num_classes=3))
    assert trivial["probabilities"].argmax(axis=1).tolist() == [2, 2, 2, 2]
    assert trivial["probabilities"][0].tolist() == pytest.approx([0, 1 / 3, 2 / 3])
