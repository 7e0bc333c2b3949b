"""Plans: components against simulated truth, power against scipy and simulation, limits against chi-square."""

import numpy as np
import pytest
from scipy.stats import chi2
from verdict_simulation import scores

from bakeoff.statistics import crossed_t, verdict_from_matrices
from bakeoff.statistics.components import Components, components_of, upper_components, upper_factor
from bakeoff.statistics.guards import Guard
from bakeoff.statistics.options import Options
from bakeoff.statistics.planning import (
    can_show,
    can_show_sentence,
    examples_needed,
    guessed_components,
    plan_rows,
    power,
)


def simulated(seed, *, seeds=10, examples=2000, accuracies=(0.9, 0.9), seed_sd=0.5):
    rng = np.random.default_rng(seed)
    found = scores(rng, seeds=seeds, examples=examples, seed_sd=seed_sd, accuracies=accuracies)
    return found["a"], found["b"]


def test_components_put_the_variance_together_again():
    for seed in range(5):
        found = crossed_t(*simulated(seed), guard=Guard(0.0, 1.0, kappa=1))
        again = components_of(found, kappa=1.0).variance(10, 2000)
        assert again == pytest.approx(found.v_seeds + max(found.vex - found.c, 0) + found.guard, rel=1e-9)


def test_guesses_are_near_the_components_of_a_simulated_bakeoff():
    found = components_of(crossed_t(*simulated(0, seeds=60, examples=20_000)))
    guessed = guessed_components(0.9, 0.9, seed_sd=0.005)
    assert guessed.residual == pytest.approx(found.residual, rel=0.15)
    assert guessed.example == pytest.approx(found.example, rel=0.25)
    assert guessed.seed == pytest.approx(found.seed, rel=0.6)


def test_the_power_is_that_of_simulated_bakeoffs():
    truth = components_of(crossed_t(*simulated(1, seeds=60, examples=20_000, accuracies=(0.91, 0.91), seed_sd=0.3)))
    expected = float(power(truth.with_kappa(1.0), 0.02, seeds=10, examples=1000, level=0.05))
    found = 0
    for seed in range(200):
        a, b = simulated(1000 + seed, examples=1000, accuracies=(0.92, 0.90), seed_sd=0.3)
        found += verdict_from_matrices({"a": a, "b": b}, options=Options()).winner == "a"
    assert found / 200 == pytest.approx(expected, abs=0.1)


def test_the_fewest_examples_are_just_enough():
    components = guessed_components(0.92, 0.90).with_kappa(1.0)
    needed = examples_needed(components, 0.02, seeds=10, level=0.05)
    assert power(components, 0.02, seeds=10, examples=needed, level=0.05) >= 0.8
    assert power(components, 0.02, seeds=10, examples=needed - 1, level=0.05) < 0.8
    noisy = Components(seed=0.01, residual=0.0, example=0.05)
    assert examples_needed(noisy, 0.02, seeds=5, level=0.05) is None


def test_upper_limits_are_those_of_chi_square():
    assert upper_factor(8, 0.8) == pytest.approx(8 / chi2.ppf(0.2, 8))
    a, b = simulated(2, seeds=5, examples=360)
    found = crossed_t(a, b)
    plain, upper = components_of(found), upper_components(found)
    df = 4 * found.v_seeds**2 / (found.v_a**2 + found.v_b**2)
    whole = 5 * found.v_seeds * df / chi2.ppf(0.2, df)
    assert upper.seed + upper.residual / 360 == pytest.approx(max(whole, upper.residual / 360))
    assert upper.seed >= plain.seed and upper.example > plain.example and upper.residual == plain.residual


def test_the_degrees_of_freedom_of_the_examples_follow_their_kurtosis():
    # The variance of an estimated variance is 2 sigma^4 / df; sparse differences know theirs badly.
    rng = np.random.default_rng(0)
    sparse = (rng.random((4000, 400)) < 0.02).astype(float)
    df = 2 * sparse.var(axis=1, ddof=1).mean() ** 2 / sparse.var(axis=1, ddof=1).var()
    ours = [crossed_t(row[None].repeat(2, axis=0), np.zeros((2, 400))).df_examples for row in sparse[:300]]
    assert np.median(ours) == pytest.approx(df, rel=0.35) and df < 40


def test_a_plan_names_examples_minutes_and_what_can_be_shown():
    rows = plan_rows(
        guessed_components(0.92, 0.90), num_contenders=3, difference=0.02, num_examples=360, seconds_per_trial=12
    )
    assert [row.seeds for row in rows] == [5, 10, 20, 40]
    assert [row.minutes for row in rows] == [3, 6, 12, 24]
    assert rows[0].examples > rows[-1].examples and rows[0].shows > rows[-1].shows > 0.02
    two = plan_rows(guessed_components(0.92, 0.90), difference=0.02, num_examples=360)
    assert two[0].shows < rows[0].shows, "more contenders share the same error rate"


def test_the_line_before_a_bakeoff_starts():
    shown = can_show(seeds=10, num_examples=2000, num_contenders=2)
    text = can_show_sentence(seeds=10, num_examples=2000, num_contenders=2)
    assert f"differences of about {100 * shown:.2f} points or more" in text
    assert can_show(seeds=10, num_examples=360, num_contenders=2) > 2 * shown
