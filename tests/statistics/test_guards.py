"""Few errors and skewed losses: the guards against values worked by hand, and what they may never change."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics import NOT_ENOUGH_EVIDENCE, WINS, Options, crossed_t, verdict_from_matrices
from bakeoff.statistics.guards import Guard, guard_for
from bakeoff.statistics.skewness import transformed, untransformed


def constant(value, *, seeds=10, examples=60):
    return np.full((seeds, examples), value)


def test_kappa_adds_its_share_of_the_squared_range_worked_by_hand():
    # A is right on all 4 examples, B on 3: d = (0, 0, 0, 1), variance 0.25, vex = 0.0625; R^2 / n^2 = 1 / 16.
    a, b = np.ones((2, 4)), np.tile([1.0, 1.0, 1.0, 0.0], (2, 1))
    ours = crossed_t(a, b, guard=Guard(0.0, 1.0, kappa=1, kappa_equivalent=2))
    assert (ours.vex, ours.guard, ours.variance, ours.df) == (0.0625, 0.0625, 0.125, 3)
    assert ours.p == pytest.approx(2 * student.sf(0.25 / math.sqrt(0.125), 3))
    assert ours.p_equivalent(0.5) == pytest.approx(student.sf(0.25 / math.sqrt(0.1875), 3))
    assert crossed_t(a / 2, b / 2, guard=Guard(0.0, 0.5, kappa=1)).p == pytest.approx(ours.p)


def test_a_flawless_contender_with_few_errors_expected_does_not_win():
    # 1.8 errors of 360 are expected of both; B has none by luck, and A's are spread by its seeds.
    a = np.random.default_rng(0).random((10, 360)) < 0.995
    verdict = verdict_from_matrices({"a": a.astype(float), "b": np.ones((10, 360))}, options=Options())
    assert verdict.winner is None
    assert verdict_from_matrices({"a": a, "b": np.ones((10, 360))}, options=Options(edition=1)).winner == "b"


@pytest.mark.parametrize(("values", "score_range"), [((1.0, 1.0), None), ((0.5, 0.5), None), ((0.3, 0.3), (0, 1))])
def test_no_variance_is_no_certainty(values, score_range):
    found = {"a": constant(values[0]), "b": constant(values[1])}
    verdict = verdict_from_matrices(found, options=Options(margin=0.01, score_range=score_range))
    assert verdict.verdict == NOT_ENOUGH_EVIDENCE and verdict.pairs[0].p == 1
    assert verdict.pairs[0].low < 0 < verdict.pairs[0].high


def test_scores_without_bounds_that_never_vary_decide_nothing_even_far_apart():
    verdict = verdict_from_matrices({"a": constant(0.7), "b": constant(0.2)}, options=Options(margin=0.01))
    assert verdict.verdict == NOT_ENOUGH_EVIDENCE and math.isinf(verdict.pairs[0].high)
    assert "do not vary" in verdict.advice.text and verdict.to_dict()["pairs"][0]["high"] is None
    bounded = verdict_from_matrices({"a": constant(0.7), "b": constant(0.2)}, options=Options(score_range=(0, 1)))
    assert bounded.verdict == WINS


def test_kappa_is_one_for_a_single_test_at_5_percent_and_two_for_any_stricter_one():
    binary = {"a": constant(1.0)}

    def kappa(**options):
        return guard_for(None, binary, **{"num_tests": 1, "alpha": 0.05, "looks": False, **options}).kappa

    assert (kappa(), kappa(alpha=0.1)) == (1, 1)
    assert (kappa(num_tests=3), kappa(looks=True), kappa(alpha=0.01)) == (2, 2, 2)


def test_the_range_is_known_of_right_or_wrong_scores_and_else_must_be_said():
    options = {"num_tests": 1, "alpha": 0.05, "looks": False}
    assert guard_for(None, {"a": constant(0.0), "b": constant(1.0)}, **options).bounded
    overlap = {"a": constant(0.5)}
    assert not guard_for(None, overlap, **options).bounded
    assert guard_for((0, 1), overlap, **options).bounded
    with pytest.raises(DataError, match="out_of_range"):
        guard_for((0.0, 0.4), overlap, **options)
    with pytest.raises(ConfigError, match="LOW < HIGH"):
        guard_for((1.0, 0.0), overlap, **options)


def test_own_intervals_stay_inside_the_range():
    rng = np.random.default_rng(1)
    found = {name: (rng.random((5, 40)) < 0.98).astype(float) for name in "ab"}
    rows = verdict_from_matrices(found, options=Options()).contenders
    assert all(0 <= row.low < row.mean < row.high <= 1 for row in rows)
    assert max(row.high for row in verdict_from_matrices(found, options=Options(edition=1)).contenders) > 1
    lower = verdict_from_matrices(found, options=Options(direction="minimize")).contenders
    assert all(row.high <= 1 for row in lower)


def test_halls_transformation_worked_by_hand_and_undone():
    # t = 2, lambda = 0.3: 2 + 0.3 * 9 / 6 + 0.09 * 8 / 27 = 2 + 0.45 + 0.026667.
    assert transformed(2.0, 0.3) == pytest.approx(2.4766667)
    for lam in (-0.5, -0.01, 0.0, 0.2, 0.9):
        for t in (-4.0, -1.0, 0.0, 0.5, 3.0):
            assert untransformed(transformed(t, lam), lam) == pytest.approx(t, abs=1e-7)


def skewed(seed, *, examples=200):
    rng = np.random.default_rng(seed)
    loss = np.exp(1.2 * rng.standard_normal(examples))
    return (
        loss * np.exp(0.1 * rng.standard_normal((8, examples))),
        1.6 * np.exp(0.1 * rng.standard_normal((8, examples))),
    )


def test_lambda_is_the_third_moment_of_the_mean_in_standard_errors():
    a, b = skewed(0)
    ours = crossed_t(a, b, guard=Guard(skewness=True))
    d = a.mean(axis=0) - b.mean(axis=0)
    third = ((d - d.mean()) ** 3).mean() / len(d) ** 2
    assert ours.skewness == pytest.approx(third / crossed_t(a, b).variance ** 1.5)


def test_heavy_tails_widen_the_variance_over_examples_by_the_share_of_the_heaviest():
    a, b = skewed(0)
    plain, ours = crossed_t(a, b), crossed_t(a, b, guard=Guard(skewness=True, tails=True))
    d = a.mean(axis=0) - b.mean(axis=0)
    share = ((d - d.mean()) ** 2).max() / ((d - d.mean()) ** 2).sum()
    assert 0.05 < share < 1
    assert ours.guard == pytest.approx(20 * share**2 * plain.vex)
    assert ours.variance == pytest.approx(plain.variance + ours.guard)
    bounded = Guard(0.0, 1e9, kappa=1, skewness=True, tails=True)
    assert crossed_t(a, b, guard=bounded).guard == pytest.approx((1e9 / len(d)) ** 2)


@pytest.mark.parametrize("bounded_influence", [True, False])
def test_pseudo_values_of_a_metric_with_bounds_hide_no_tails(bounded_influence):
    a, b = skewed(0)
    options = Options(bounded_influence=bounded_influence)
    [pair] = verdict_from_matrices({"a": a, "b": b}, options=options).pairs
    assert (pair.estimate.guard == 0) is bounded_influence
    assert pair.estimate.skewness is not None


@pytest.mark.parametrize(("examples", "named"), [(19, False), (20, True)])
def test_under_20_examples_without_bounds_no_winner_is_named(examples, named):
    rng = np.random.default_rng(0)
    scores = {name: best + rng.normal(size=(5, examples)) for name, best in (("a", 9.0), ("b", 0.0))}
    verdict = verdict_from_matrices(scores, options=Options(margin=0.1))
    assert (verdict.winner == "a") is named
    assert ("19 test examples are too few to name a winner" in verdict.sentence) is not named
    assert "includes zero" not in verdict.sentence  # 9 points of lead do not


def test_few_examples_right_or_wrong_have_their_guard_and_may_name_a_winner():
    scores = {"a": np.ones((5, 15)), "b": np.zeros((5, 15))}
    assert verdict_from_matrices(scores, options=Options(margin=0.1)).winner == "a"


def test_both_tests_must_reject_and_the_interval_is_the_union():
    decided = 0
    for seed in range(40):
        a, b = skewed(seed)
        ours = crossed_t(a, b, guard=Guard(skewness=True, tails=True))
        plain = replace(ours, skewness=None)
        t = ours.difference / ours.standard_error
        hall = 2 * student.sf(abs(transformed(t, ours.skewness)), ours.df)
        assert ours.p == pytest.approx(max(plain.p, hall))
        for level in (0.05, 0.01):
            low, high = ours.interval(level)
            assert low <= plain.interval(level)[0] and high >= plain.interval(level)[1]
            assert (ours.p <= level) == (low > 0 or high < 0)
            decided += ours.p <= level
        for margin in (0.2, 0.5):
            low, high = ours.interval_equivalent(0.1)
            assert (ours.p_equivalent(margin) <= 0.05) == (max(-low, high) <= margin)
    assert decided > 0


def test_bounded_scores_are_not_tested_for_skewness_and_symmetric_ones_keep_their_p():
    a, b = skewed(0)
    assert crossed_t(a, b, guard=Guard(0.0, 1e9, kappa=1, skewness=True)).skewness is None
    rng = np.random.default_rng(0)
    shared = np.concatenate([z := rng.normal(size=100), -z])
    a, b = shared + 0.2 + np.zeros((5, 1)), np.zeros((5, 200))
    ours = crossed_t(a, b, guard=Guard(skewness=True))
    assert ours.p == pytest.approx(replace(ours, skewness=None).p)


def test_a_heavy_example_is_warned_of():
    a, b = skewed(3)
    a[:, 0] = 60.0
    verdict = verdict_from_matrices({"a": a, "b": b}, options=Options(direction="minimize"))
    share = verdict.pairs[0].estimate.heaviest
    assert share > 0.1 and any(f"one example carries {share:.0%} of the variance" in text for text in verdict.warnings)
    rng = np.random.default_rng(0)
    light = {name: rng.normal(size=(5, 200)) for name in "ab"}
    assert not any("carries" in text for text in verdict_from_matrices(light, options=Options()).warnings)
