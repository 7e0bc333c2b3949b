"""Pseudo-values: exact for means, equal to brute force for metrics of sums, and honest about variance."""

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from bakeoff.errors import DataError
from bakeoff.statistics import pseudo_values, pseudo_values_from_sums


def labels(seed=0, count=60):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, count)
    return truth, np.where(rng.random(count) < 0.8, truth, 1 - truth), rng.normal(size=count) + truth


def f1(counts):
    return 2 * counts[..., 0] / (2 * counts[..., 0] + counts[..., 1] + counts[..., 2])


def test_pseudo_values_of_a_mean_are_the_scores():
    scores = np.random.default_rng(0).normal(size=30)
    assert pseudo_values(lambda index: scores[index].mean(), 30) == pytest.approx(scores, abs=1e-12)


def test_fast_path_equals_leaving_out_one_by_one():
    truth, predicted, _ = labels()
    counts = np.stack([truth & predicted, (1 - truth) & predicted, truth & (1 - predicted)], axis=1)
    slow = pseudo_values(lambda index: f1_score(truth[index], predicted[index]), len(truth))
    assert pseudo_values_from_sums(counts, f1) == pytest.approx(slow, abs=1e-10)


def test_pseudo_values_follow_their_definition():
    truth, _, score = labels(1, 40)
    values = pseudo_values(lambda index: roc_auc_score(truth[index], score[index]), 40)
    without_7 = np.delete(np.arange(40), 7)
    by_hand = 40 * roc_auc_score(truth, score) - 39 * roc_auc_score(truth[without_7], score[without_7])
    assert values[7] == pytest.approx(by_hand, abs=1e-12)


def test_their_mean_is_the_metric_and_their_spread_that_of_the_definition():
    truth, predicted, _ = labels(3, 25)
    whole = f1_score(truth, predicted)
    left_out = [f1_score(np.delete(truth, i), np.delete(predicted, i)) for i in range(25)]
    defined = 25 * whole - 24 * np.array(left_out)
    assert abs(defined.mean() - whole) > 1e-4, "these labels show no bias"
    values = pseudo_values(lambda index: f1_score(truth[index], predicted[index]), 25)
    assert values.mean() == pytest.approx(whole, abs=1e-12)
    assert values - values.mean() == pytest.approx(defined - defined.mean(), abs=1e-12)


def test_variance_of_pseudo_values_is_that_of_the_metric_over_test_sets():
    def one(seed):
        truth, predicted, _ = labels(seed, 200)
        counts = np.stack([truth & predicted, (1 - truth) & predicted, truth & (1 - predicted)], axis=1)
        values = pseudo_values_from_sums(counts, f1)
        return f1(counts.sum(axis=0)), values.var(ddof=1) / len(values)

    metrics, variances = zip(*(one(seed) for seed in range(500)), strict=True)
    assert math.sqrt(np.mean(variances)) == pytest.approx(np.std(metrics), rel=0.1)


def test_a_metric_that_fails_without_one_example_is_named():
    counts = np.array([[1, 0, 0], [0, 0, 0]])
    with np.errstate(invalid="ignore"), pytest.raises(DataError, match="without example 0"):
        pseudo_values_from_sums(counts, f1)


def test_one_example_is_refused():
    with pytest.raises(DataError, match="at least two"):
        pseudo_values(lambda index: 1.0, 1)
