"""The margin that follows from validation: by hand, for metrics of either direction and other scales."""

import dataclasses
import itertools

import numpy as np
import pytest

from bakeoff.comparison.judging.margin import margin_of_validation
from bakeoff.metrics import MetricFacts


def facts(direction="maximize", perfect=None):
    found = MetricFacts.unknown("m", direction)
    return found if perfect is None else dataclasses.replace(found, perfect=perfect)


def test_it_is_a_tenth_of_the_best_contenders_error():
    values = {"a": [0.8, 0.9], "b": [0.7, 0.7], "all of it failed": []}
    assert margin_of_validation(values, facts()) == pytest.approx(0.015)
    assert margin_of_validation(values, facts("minimize")) == pytest.approx(0.07)


def test_scores_up_to_a_hundred_have_their_error_below_a_hundred():
    values = {"a": [30.0, 32.0], "b": [20.0]}
    assert margin_of_validation(values, facts(perfect=100.0)) == pytest.approx(6.9)


def test_there_is_none_without_an_error():
    for values in ({}, {"a": []}, {"a": [1.0]}, {"a": [2.5]}):
        assert margin_of_validation(values, facts()) is None


@pytest.mark.parametrize(("direction", "best"), [("maximize", max), ("minimize", min)])
def test_of_tuned_contenders_it_is_the_error_to_expect_of_the_best_of_m(direction, best):
    trials = np.random.default_rng(0).uniform(0.1, 0.9, size=12).tolist()
    expected = np.mean([best(chosen) for chosen in itertools.combinations(trials, 3)])
    error = 1 - expected if direction == "maximize" else expected
    found = margin_of_validation({"a": trials}, facts(direction), best_of=3)
    assert found == pytest.approx(error / 10)
    few = margin_of_validation({"a": trials[:2]}, facts(direction), best_of=3)
    last = best(trials[:2])
    assert few == pytest.approx((1 - last if direction == "maximize" else last) / 10)
