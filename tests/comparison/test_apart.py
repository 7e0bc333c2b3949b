"""Validation and test that part by more than their intervals allow are told, and nothing else is."""

import math

import numpy as np
import pytest

from bakeoff.comparison.judging.apart import apart, apart_on_board, half_width


def test_half_of_the_interval_is_that_of_a_mean_of_examples_or_of_units():
    scores = np.tile([0.0, 1.0], 50)
    assert half_width(scores, None) == pytest.approx(1.96 * math.sqrt(0.25 * 100 / 99) / 10)
    units = [str(row // 2 // 5) for row in range(100)]  # ten equal ones, each half right: no spread at all
    assert half_width(scores, units) == pytest.approx(0.0, abs=1e-12)
    alike = np.repeat(scores[:20], 5)  # twenty groups of five that go right or wrong together
    assert half_width(alike, [str(row // 5) for row in range(100)]) > 2 * half_width(alike, None)
    assert half_width(np.ones(1), None) == math.inf
    assert half_width(scores, ["the only speaker"] * 100) == math.inf


@pytest.mark.parametrize(
    ("validation", "test", "num_val", "is_told"),
    [(0.46, 0.34, 600, True), (0.34, 0.46, 600, True), (0.38, 0.34, 600, False), (0.46, 0.34, 50, False)],
)
def test_intervals_that_do_not_meet_are_told_with_a_code(validation, test, num_val, is_told):
    half = 1.96 * math.sqrt(test * (1 - test) / 600)
    found = apart("accuracy", {"lenet": (validation, test, half)}, num_val=num_val, num_test=600)
    assert bool(found) == is_told
    assert all(f"lenet {validation:.4f} and {test:.4f}" in told and told.endswith("[splits.apart]") for told in found)


def row(name, validation, test, half, role="contender"):
    low_high = {"low": test - half, "high": test + half}
    return {
        "name": name,
        "role": role,
        "test": {"a": {"mean": test, **low_high}},
        "validation": {"a": {"mean": validation}},
    }


def test_all_contenders_must_part_in_one_direction():
    sizes = {"num_val": 400, "num_test": 400}
    parted = [row("x", 0.9, 0.7, 0.04), row("y", 0.8, 0.6, 0.04)]
    assert len(apart_on_board(parted, "a", **sizes)) == 1
    assert apart_on_board([*parted, row("z", 0.7, 0.7, 0.04)], "a", **sizes) == []
    assert apart_on_board([*parted, row("z", 0.5, 0.7, 0.04)], "a", **sizes) == []
    assert len(apart_on_board([*parted, row("linear", 0.5, 0.5, 0.04, role="baseline")], "a", **sizes)) == 1
    assert apart_on_board([row("x", 0.9, 0.7, math.nan)], "a", **sizes) == []
    assert apart_on_board(parted, "a", num_val=0, num_test=400) == []


def test_equals_are_hardly_ever_told_to_part():
    """Of 2,000 pairs of draws from one distribution at most one in a hundred."""
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(2000):
        validation, test = rng.random(300) < 0.8, (rng.random(600) < 0.8).astype(float)
        reached = {"x": (validation.mean(), test.mean(), half_width(test, None))}
        told += len(apart("a", reached, num_val=300, num_test=600))
    assert told <= 20
