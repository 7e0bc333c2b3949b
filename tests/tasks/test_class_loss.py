"""The weighed and the focal loss of classes against torch, torchvision and formulas written out."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from bakeoff.data.batches.batch import Batch
from bakeoff.tasks.classes.loss import ClassLoss, class_weights
from bakeoff.tasks.image_classification.task import ImageClassification
from tests.tasks.test_image_classification import SPEC

GENERATOR = torch.Generator().manual_seed(0)
LOGITS_BK = torch.randn(12, 3, generator=GENERATOR)
LABELS_B = torch.randint(0, 3, (12,), generator=GENERATOR)
LABELS_BK = (torch.rand(12, 3, generator=GENERATOR) < 0.4).float()
COUNTED = dataclasses.replace(SPEC, num_train=100, class_counts=(90, 8, 2))


def loss(*, several=False, weights=None, gamma=0.0, smoothing=0.0):
    weights_K = None if weights is None else np.array(weights)
    return ClassLoss(several=several, weights_K=weights_K, focal_gamma=gamma, label_smoothing=smoothing)


def test_balanced_weights_are_inverse_to_the_train_rows_with_a_mean_of_one_over_them():
    weights_K = class_weights(COUNTED, "balanced")
    assert weights_K == pytest.approx([100 / (3 * 90), 100 / (3 * 8), 100 / (3 * 2)])
    assert (weights_K * [90, 8, 2]).sum() / 100 == pytest.approx(1)


def test_given_weights_keep_their_ratios_and_a_mean_of_one_over_train_rows():
    weights_K = class_weights(COUNTED, [1, 10, 10])
    assert weights_K / weights_K[0] == pytest.approx([1, 10, 10])
    assert (weights_K * [90, 8, 2]).sum() / 100 == pytest.approx(1)
    with pytest.raises(ValueError, match=r"one number above 0 a class \(a, b, c\); got \[1, 0, 2\]"):
        class_weights(COUNTED, [1, 0, 2])


def test_balanced_weights_of_several_labels_are_absent_over_present():
    several = dataclasses.replace(COUNTED, multi_label=True)
    assert class_weights(several, "balanced") == pytest.approx([10 / 90, 92 / 8, 98 / 2])
    assert class_weights(several, [1, 2, 3]).tolist() == [1, 2, 3]


def test_a_weighed_batch_is_the_mean_over_examples_and_so_the_mean_of_its_parts():
    weighed = loss(weights=[0.2, 1.0, 5.0])
    found = weighed(LOGITS_BK, LABELS_B, training=True)
    each_B = F.cross_entropy(LOGITS_BK, LABELS_B, reduction="none") * torch.tensor([0.2, 1.0, 5.0])[LABELS_B]
    assert float(found) == pytest.approx(float(each_B.mean()))
    parts = [weighed(LOGITS_BK[rows], LABELS_B[rows], training=True) for rows in (slice(0, 4), slice(4, 12))]
    assert float(found) == pytest.approx(float((4 * parts[0] + 8 * parts[1]) / 12))


def test_validation_measures_plain_cross_entropy_whatever_training_weighs():
    changed = loss(weights=[0.2, 1.0, 5.0], gamma=2.0, smoothing=0.1)
    assert changed(LOGITS_BK, LABELS_B, training=False) == F.cross_entropy(LOGITS_BK, LABELS_B)
    several = loss(several=True, weights=[0.2, 1.0, 5.0], gamma=2.0)
    assert several(LOGITS_BK, LABELS_BK, training=False) == F.binary_cross_entropy_with_logits(LOGITS_BK, LABELS_BK)


def test_focal_loss_is_the_papers():
    probabilities_B = torch.softmax(LOGITS_BK, dim=1)[torch.arange(12), LABELS_B]
    expected = -((1 - probabilities_B) ** 2 * probabilities_B.log()).mean()
    assert float(loss(gamma=2.0)(LOGITS_BK, LABELS_B, training=True)) == pytest.approx(float(expected))
    alpha_B = torch.tensor([0.2, 1.0, 5.0])[LABELS_B]
    expected = -(alpha_B * (1 - probabilities_B) ** 2 * probabilities_B.log()).mean()
    found = loss(gamma=2.0, weights=[0.2, 1.0, 5.0])(LOGITS_BK, LABELS_B, training=True)
    assert float(found) == pytest.approx(float(expected))


def test_focal_loss_of_several_labels_is_torchvisions():
    expected = sigmoid_focal_loss(LOGITS_BK, LABELS_BK, alpha=-1, gamma=2.0, reduction="mean")
    assert float(loss(several=True, gamma=2.0)(LOGITS_BK, LABELS_BK, training=True)) == pytest.approx(float(expected))


@pytest.mark.parametrize("weights", [None, [0.2, 1.0, 5.0]])
def test_a_focus_of_nothing_is_cross_entropy_with_soft_and_smoothed_labels_too(weights):
    shares_BK = 0.7 * F.one_hot(LABELS_B, 3) + 0.3 * F.one_hot((LABELS_B + 1) % 3, 3)
    for targets in (LABELS_B, shares_BK):
        plain = loss(weights=weights, smoothing=0.1)(LOGITS_BK, targets, training=True)
        nearly = loss(weights=weights, smoothing=0.1, gamma=1e-9)(LOGITS_BK, targets, training=True)
        assert float(plain) == pytest.approx(float(nearly), abs=1e-5)


def test_the_task_weighs_by_the_train_rows_of_its_spec():
    task = ImageClassification(spec=COUNTED, class_weights="balanced")
    batch = Batch(torch.zeros(12, 1, 2, 2), LABELS_B, 12)
    weights_K = torch.tensor(class_weights(COUNTED, "balanced"), dtype=torch.float32)
    each_B = F.cross_entropy(LOGITS_BK, LABELS_B, reduction="none") * weights_K[LABELS_B]
    assert float(task.loss(LOGITS_BK, batch, training=True)) == pytest.approx(float(each_B.mean()))
    assert task.loss(LOGITS_BK, batch, training=False) == F.cross_entropy(LOGITS_BK, LABELS_B)


def test_gradients_reach_logits_that_are_certain():
    logits_BK = torch.tensor([[100.0, -100.0, -100.0]], requires_grad=True)
    loss(gamma=0.5)(logits_BK, torch.tensor([0]), training=True).backward()
    assert torch.isfinite(logits_BK.grad).all()
