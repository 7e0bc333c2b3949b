"""Whether answers to new inputs are distributed as those to the test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bakeoff.statistics.shift import FEWEST, shifts


def answers(seed: int, *, examples: int = 300, a: float = 2.0) -> dict[str, np.ndarray]:
    found = np.random.default_rng(seed).beta(a, 2.0, size=examples)
    return {"p(cat)": found, "p(dog)": 1 - found}


def test_the_distance_is_worked_by_hand() -> None:
    """All 20 below all 20: the functions are 1 apart in 2 of the 40! / (20! 20!) orders; two numbers double p."""
    old = {"p": np.linspace(0, 1, 20), "q": np.zeros(20)}
    new = {"p": np.linspace(2, 3, 20), "q": np.zeros(20)}
    (found,) = shifts(old, new)
    assert (found.name, found.distance, found.new, found.old) == ("p", 1.0, pytest.approx(2.5), pytest.approx(0.5))
    assert found.p == pytest.approx(2 * 2 / math.comb(40, 20))


def test_what_has_moved_is_found_and_what_has_not_is_not() -> None:
    assert {found.name for found in shifts(answers(0), answers(1, a=4.0))} == {"p(cat)", "p(dog)"}
    alarms = sum(bool(shifts(answers(seed), answers(1000 + seed))) for seed in range(300))
    assert alarms <= 8, "1 % of 300 is 3, with a standard deviation of 1.7"


def test_few_inputs_and_small_distances_say_nothing() -> None:
    assert shifts(answers(0), answers(1, examples=FEWEST - 1, a=20.0)) == []
    large = answers(0, examples=200_000), answers(1, examples=200_000, a=2.1)
    assert shifts(*large) == []


def test_of_several_the_farthest_comes_first() -> None:
    old = {"near": np.zeros(100), "far": np.zeros(100)}
    new = {"near": np.repeat([0.0, 1.0], [60, 40]), "far": np.ones(100), "elsewhere": np.ones(100)}
    assert [found.name for found in shifts(old, new)] == ["far", "near"]
