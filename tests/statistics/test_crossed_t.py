"""The crossed t against plain loops, values worked by hand, and its edge cases."""

import math

import numpy as np
import plain_loops
import pytest

from bakeoff.errors import DataError
from bakeoff.statistics import crossed_mean, crossed_t

CLOSE = {"rel": 1e-9, "abs": 1e-12}


def random_scores(seed, *, seeds=(6, 6), examples=40, kind="normal"):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=examples)
    draws = [shared + rng.normal(size=(count, 1)) * 0.3 + rng.normal(size=(count, examples)) for count in seeds]
    if kind == "binary":
        return [(draw > -1).astype(float) for draw in draws]
    if kind == "ties":
        return [np.round(draw) for draw in draws]
    return [draw + 1e4 for draw in draws] if kind == "offset" else draws


@pytest.mark.parametrize("kind", ["normal", "binary", "ties", "offset"])
@pytest.mark.parametrize("seeds", [(5, 5), (10, 10), (3, 8), (2, 2)])
def test_crossed_t_agrees_with_plain_loops(kind, seeds):
    for seed in range(5):
        a, b = random_scores(seed, seeds=seeds, kind=kind)
        ours = crossed_t(a, b)
        difference, v_a, v_b, vex, c, total, df = plain_loops.crossed_t(a.tolist(), b.tolist())
        found = (ours.difference, ours.v_a, ours.v_b, ours.vex, ours.c, ours.variance, ours.df)
        tolerance = {"rel": 1e-9, "abs": 1e-8} if kind == "offset" else CLOSE
        assert found == pytest.approx((difference, v_a, v_b, vex, c, total, df), **tolerance)
        for level in (0.05, 0.01, 0.05 / 3):
            assert ours.interval(level) == pytest.approx(
                plain_loops.interval(difference, total, df, level), rel=1e-9, abs=1e-9
            )
        assert ours.p == pytest.approx(plain_loops.p_value(difference, total, df), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("kind", ["normal", "binary"])
def test_paired_form_agrees_with_plain_loops(kind):
    for seed in range(5):
        a, b = random_scores(seed, seeds=(10, 10), kind=kind)
        ours = crossed_t(a, b, paired=True)
        found = (ours.difference, ours.v_seeds, ours.vex, ours.c, ours.variance, ours.df)
        assert found == pytest.approx(plain_loops.paired_crossed_t(a.tolist(), b.tolist()), **CLOSE)


def test_crossed_t_worked_by_hand():
    # Seed means: A 1 and 0.5, B 0.5 and 0. d = (0.5, 0.5), so vex = 0. v_a = v_b = 0.125 / 2 = 0.0625.
    # Residuals of A: +-0.25 in each cell, MSE = 4 * 0.0625 / 1 = 0.25; the same for B; c = (0.25 + 0.25) / 4 = 0.125.
    a = np.array([[1.0, 1.0], [1.0, 0.0]])
    b = np.array([[1.0, 0.0], [0.0, 0.0]])
    ours = crossed_t(a, b)
    assert (ours.difference, ours.v_a, ours.v_b, ours.c) == (0.5, 0.0625, 0.0625, 0.125)
    # d = (1 - 0.5, 0.5 - 0) = (0.5, 0.5)
    assert ours.vex == 0
    # V = max(0.125 + 0 - 0.125, 0.125, 0) = 0.125; df = 0.125^2 / (0.0625^2 + 0.0625^2) = 2.
    assert (ours.variance, ours.df) == (0.125, 2.0)
    # t = 0.5 / sqrt(0.125) = 1.41421 with 2 df: p = 1 - t / sqrt(2 + t^2) = 1 - 1.41421 / 2.
    assert ours.p == pytest.approx(1 - math.sqrt(2) / 2)


def test_swapping_contenders_flips_the_sign_and_nothing_else():
    a, b = random_scores(1, seeds=(5, 7))
    forward, back = crossed_t(a, b), crossed_t(b, a)
    assert forward.difference == pytest.approx(-back.difference, rel=1e-12)
    assert forward.p == pytest.approx(back.p)
    assert forward.interval(0.05) == pytest.approx(tuple(-end for end in reversed(back.interval(0.05))))


def test_identical_contenders_differ_by_nothing():
    a, _ = random_scores(0, kind="binary")
    ours = crossed_t(a, a)
    assert (ours.difference, ours.p) == (0.0, 1.0)


def test_zero_variance_is_certain_only_of_a_difference():
    level, same = np.full((5, 7), 0.3), crossed_t(np.full((5, 7), 0.1), np.full((5, 7), 0.1))
    assert (same.variance, same.p, same.interval(0.05)) == (0.0, 1.0, (0.0, 0.0))
    apart = crossed_t(level, np.full((5, 7), 0.1))
    assert (apart.variance, apart.p) == (0.0, 0.0)
    assert apart.interval(0.05) == pytest.approx((0.2, 0.2))
    assert apart.df == 8
    assert apart.p_equivalent(0.3) == 0 and apart.p_equivalent(0.1) == 1


def test_without_seed_noise_it_is_the_paired_t_over_examples():
    a, b = (np.repeat(scores[:1], 5, axis=0) for scores in random_scores(3))
    ours = crossed_t(a, b)
    d = (a[0] - b[0]).tolist()
    vex = plain_loops.variance(d) / len(d)
    assert ours.p == pytest.approx(plain_loops.p_value(plain_loops.mean(d), vex, len(d) - 1))


def test_one_example_or_one_seed_says_nothing():
    for shape in ((5, 1), (1, 5)):
        ours = crossed_t(np.ones(shape), np.zeros(shape))
        assert (ours.difference, ours.p, ours.interval(0.05)) == (1.0, 1.0, (-math.inf, math.inf))


def test_one_example_still_splits_the_seed_variance_as_plain_loops_do():
    a, b = random_scores(2, examples=1)
    ours = crossed_t(a, b)
    assert ours.v_a == pytest.approx(plain_loops.variance(a[:, 0].tolist()) / 6, rel=1e-9)
    assert ours.c == 0 and math.isinf(ours.vex)


def test_mean_of_one_contender_is_its_difference_from_a_constant():
    a, _ = random_scores(4)
    against_zero = crossed_t(a, np.zeros_like(a))
    assert crossed_mean(a).interval(0.05) == pytest.approx(against_zero.interval(0.05))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_and_infinity_are_refused(bad):
    a, b = random_scores(0)
    a[2, 3] = bad
    with pytest.raises(DataError, match="NaN"):
        crossed_t(a, b)
    with pytest.raises(DataError, match="NaN"):
        crossed_mean(a)


def test_unequal_examples_and_unequal_pairs_are_refused():
    a, b = random_scores(0, seeds=(5, 6))
    with pytest.raises(DataError, match="40 test examples and B has 39"):
        crossed_t(a, b[:, 1:])
    with pytest.raises(DataError, match="paired"):
        crossed_t(a, b, paired=True)
    with pytest.raises(DataError, match="matrix"):
        crossed_t(a[0], b[0])
