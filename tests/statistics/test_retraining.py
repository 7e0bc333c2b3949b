"""Would A trained again beat B trained again?"""

import numpy as np
import pytest
from scipy.stats import t as student
from verdict_simulation import scores

from bakeoff.statistics import Options, crossed_t, verdict_from_matrices
from bakeoff.statistics.retraining import chance_of_beating


def test_worked_by_hand():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 50)) + 0.1, rng.normal(size=(6, 50))
    ours = crossed_t(a, b)
    one_run = a.mean(axis=1).var(ddof=1) + b.mean(axis=1).var(ddof=1)
    error = np.sqrt(ours.variance + one_run + max(ours.vex - ours.c, 0))
    assert ours.v_run == pytest.approx(one_run)
    assert chance_of_beating(ours) == pytest.approx(student.cdf(ours.difference / error, ours.df))


def test_the_chances_come_true():
    # 150 bakeoffs with a gap of 1 point on 360 examples; a new pair of runs on new examples is drawn for each.
    told, held = [], []
    for repeat in range(150):
        rng = np.random.default_rng(repeat)
        found = scores(rng, seeds=10, examples=360, seed_sd=1.0, accuracies=(0.91, 0.90))
        told.append(chance_of_beating(crossed_t(found["a"], found["b"])))
        new = scores(rng, seeds=1, examples=360, seed_sd=1.0, accuracies=(0.91, 0.90))
        gap = new["a"].mean() - new["b"].mean()
        held.append(0.5 * (np.sign(gap) + 1))
    # Of 150 with a chance of about 0.7 the standard error is 0.04.
    assert np.mean(told) == pytest.approx(np.mean(held), abs=0.1)


def test_it_is_said_of_the_leader():
    rng = np.random.default_rng(0)
    found = scores(rng, seeds=10, examples=2000, seed_sd=0.3, accuracies=(0.92, 0.90))
    verdict = verdict_from_matrices(found, options=Options())
    times = round(100 * verdict.pairs[0].retrained)
    assert verdict.retraining == (
        f"Trained again, once each, and tested on 2,000 new test examples, a would be ahead of b in about {times} of "
        "100 cases."
    )


def test_one_row_says_nothing():
    assert chance_of_beating(crossed_t(np.ones((1, 5)), np.zeros((1, 5)))) is None
