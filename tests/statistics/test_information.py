"""Looks by information: levels against the joint normal distribution, and what a further look still brings."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from bakeoff.errors import ConfigError
from bakeoff.statistics import Estimate, Options, declare_looks, verdict_from_matrices
from bakeoff.statistics.information import (
    SHARES,
    Spending,
    chance_of_decision,
    examples_share,
    nominal_levels,
    variance_at,
)
from bakeoff.statistics.multiplicity import sequential_p


def information(seeds, share):
    fixed = share / SHARES
    return 1 / ((1 - fixed) * seeds[-1] / np.array(seeds) + fixed)


@pytest.mark.parametrize("share", [0, 60, 150, 195])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.05 / 6])
def test_three_looks_err_with_alpha_and_the_first_two_with_what_they_may_spend(share, alpha):
    seeds = (5, 10, 20)
    held = information(seeds, share)
    bounds = -ndtri(np.array(nominal_levels(seeds, share, alpha)) / 2)
    for looks in (1, 2, 3):
        correlation = np.sqrt(
            np.minimum.outer(held[:looks], held[:looks]) / np.maximum.outer(held[:looks], held[:looks])
        )
        normal = multivariate_normal(np.zeros(looks), correlation, seed=0, abseps=1e-7, maxpts=2_000_000)
        inside = normal.cdf(bounds[:looks], lower_limit=-bounds[:looks])
        assert 1 - inside == pytest.approx(alpha * held[looks - 1], rel=0.02)


def test_many_looks_err_with_alpha_in_simulation():
    seeds, share = tuple(range(5, 21)), 100
    held = information(seeds, share)
    steps = np.random.default_rng(0).standard_normal((200_000, len(seeds))) * np.sqrt(np.diff(held, prepend=0))
    z = np.abs(np.cumsum(steps, axis=1) / np.sqrt(held))
    crossed = (z > -ndtri(np.array(nominal_levels(seeds, share, 0.05)) / 2)).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.0015)


def test_where_seeds_bring_nothing_the_first_look_has_it_all():
    assert nominal_levels((5, 10, 20), SHARES, 0.05) == pytest.approx((0.05, 0.05, 0.05))
    assert nominal_levels((7,), 30, 0.05) == pytest.approx((0.05,))


def estimate(difference, *, v_seeds=2e-4, vex=1e-4, c=0.0, num_seeds=5, guard=0.0):
    variance = max(v_seeds + vex + guard - c, v_seeds, vex + guard)
    return Estimate(
        difference, v_seeds / 2, v_seeds / 2, vex, c, variance, 20.0, num_seeds, 1000, guard=guard, guard_unit=guard / 2
    )


def test_variance_at_other_seeds_worked_by_hand():
    # s2_seed = 5 * 2e-4 = 1e-3; s2_examples = 1e-4 - 2e-5.
    found = estimate(0.0, c=2e-5)
    assert variance_at(found, 20) == pytest.approx(1e-3 / 20 + 8e-5)
    assert examples_share(found, 20) == round(200 * 8e-5 / 13e-5)


def test_a_p_of_one_look_becomes_that_of_all_in_order():
    spending, found = Spending((5, 10, 20), 1), estimate(0.0)
    shares = [0.05, 0.025, 0.05 / 3]
    level = [spending(found, share) for share in shares]
    p_values = [*np.linspace(1e-6, 0.2, 400), *level]
    found_p = [sequential_p(p, lambda share: spending(found, share), shares) for p in p_values]
    for p, of_all in zip(p_values, found_p, strict=True):
        for share, nominal in zip(shares, level, strict=True):
            assert (of_all <= share) == (p <= nominal)
    assert (np.diff(np.array(found_p)[np.argsort(p_values, kind="stable")]) >= 0).all()


def test_the_chance_of_a_decision_is_that_of_the_drawn_future():
    rng = np.random.default_rng(0)
    for difference in (0.0, 0.02, 0.04):
        found, spending = estimate(difference), Spending((5, 20), 0)
        now, then = variance_at(found, 5), variance_at(found, 20)
        drawn = difference + np.sqrt(now - then) * rng.standard_normal(200_000)
        wins = np.abs(drawn) > -ndtri(spending_at_last(found, 0.05) / 2) * np.sqrt(then)
        room = 0.03 + ndtri(spending_at_last(found, 0.1) / 2) * np.sqrt(then)
        expected = (wins | (np.abs(drawn) < room)).mean()
        chance = chance_of_decision(found, spending, share=0.05, equivalence_share=0.05, margin=0.03)
        assert chance == pytest.approx(expected, abs=0.015)


def spending_at_last(found, share):
    return Spending((5, 20), 1)(found, share)


def rows(gap, *, seeds, examples=400, noise=0.02, own=1.0):
    """Two contenders whose means differ by the gap exactly, with seed noise that is the same on all examples."""
    rng = np.random.default_rng(0)
    found = {}
    for name, mean in (("a", gap), ("b", 0.0)):
        scores = own * rng.normal(size=examples) + noise * rng.normal(size=(seeds, 1))
        found[name] = mean + scores - scores.mean()
    return found


def test_a_hopeless_bakeoff_is_stopped_and_says_so():
    # The test examples alone leave a standard error of 0.07; seeds cannot make it smaller.
    looks = declare_looks("every")
    verdict = verdict_from_matrices(rows(0.02, seeds=5), options=Options(margin=0.01, looks=looks, futility=True))
    assert verdict.futile and verdict.racing == () and not verdict.decided
    assert verdict.chance < 0.1 and "Stopped: the chance that a further look decides is under 10 %." in verdict.sentence
    assert verdict.advice.examples is not None or verdict.advice.practical is False
    going_on = verdict_from_matrices(rows(0.02, seeds=5), options=Options(margin=0.01, looks=looks))
    assert not going_on.futile and set(going_on.racing) == {"a", "b"} and going_on.chance == verdict.chance
    assert going_on.pairs == verdict.pairs, "a stop for futility does not bind the levels"


def test_a_hopeful_one_goes_on():
    # Seeds are all the luck there is here, and the lead is about two standard errors.
    found = rows(0.1, seeds=5, noise=0.1, own=0.01)
    verdict = verdict_from_matrices(found, options=Options(looks=declare_looks("every"), futility=True))
    assert not verdict.decided and not verdict.futile and verdict.chance > 0.1


def test_a_stop_needs_looks_by_information():
    for looks in (None, declare_looks((5, 10))):
        with pytest.raises(ConfigError, match="futility"):
            Options(looks=looks, futility=True)


def test_every_look_is_one_from_five_seeds_on():
    looks = declare_looks("every", last=12)
    assert looks.seeds == tuple(range(5, 13)) and looks.by_information
    assert declare_looks(looks) is looks
    assert declare_looks((6, 9, 30), by_information=True).seeds == (6, 9, 30)
    for bad in ("some", "Every"):
        with pytest.raises(ConfigError, match="every"):
            declare_looks(bad)
    with pytest.raises(ConfigError, match="5 seeds"):
        declare_looks((9, 6), by_information=True)
    with pytest.raises(ConfigError, match="5 seeds"):
        declare_looks((3, 9), by_information=True)


def test_undeclared_seeds_get_the_strictest_level():
    looks = declare_looks((5, 10, 20), by_information=True)
    verdict = verdict_from_matrices(rows(0.1, seeds=7), options=Options(looks=looks))
    assert verdict.exploratory and verdict.pairs[0].level == pytest.approx(0.05 / 3)
