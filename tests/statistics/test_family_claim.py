"""The best-of-m estimator against enumeration of all subsets, and the family verdict."""

import json

import numpy as np
import pandas as pd
import plain_loops
import pytest
from verdict_simulation import tuned_arms

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics import (
    Options,
    family_verdict,
    family_verdict_from_matrices,
    pool,
    race_verdict,
    sample_difference,
)
from bakeoff.statistics.information import examples_share, nominal_levels
from bakeoff.statistics.pooled import best_of, selection_weights


def random_trials(seed, *, trials=12, examples=9, ties=False):
    rng = np.random.default_rng(seed)
    test = rng.normal(size=(trials, examples))
    validation = rng.integers(0, 4, trials).astype(float) if ties else rng.normal(size=trials)
    return test, validation


def frames(arms):
    test = pd.concat(
        pd.DataFrame(matrix)
        .rename_axis("trial")
        .reset_index()
        .melt("trial", var_name="example", value_name="score")
        .assign(contender=name)
        for name, (matrix, _) in arms.items()
    )
    validation = pd.concat(
        pd.DataFrame({"contender": name, "trial": range(len(scores)), "score": scores})
        for name, (_, scores) in arms.items()
    )
    return test, validation


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("m", [1, 2, 3])
def test_pool_agrees_with_enumerating_all_subsets(ties, m):
    for seed in range(3):
        test, validation = random_trials(seed, ties=ties)
        ours = pool(test, validation, m=m)
        theta, v, df, scores = plain_loops.pool(test.tolist(), validation.tolist(), m)
        assert (ours.mean, ours.v, ours.df) == pytest.approx((theta, v, df), rel=1e-9, abs=1e-12)
        assert ours.scores_N + ours.offset == pytest.approx(scores, rel=1e-9, abs=1e-12)


def test_compared_pools_agree_with_plain_loops():
    a, b = random_trials(1), random_trials(2)
    ours = sample_difference(pool(*a, m=3), pool(*b, m=3))
    reference = plain_loops.compare_pools(
        *(plain_loops.pool(test.tolist(), validation.tolist(), 3) for test, validation in (a, b))
    )
    assert (ours.difference, ours.vex, ours.variance, ours.df) == pytest.approx(reference, rel=1e-9)
    assert ours.c == 0


def test_weights_worked_by_hand():
    # T = 4, m = 2: C(r - 1, 1) / C(4, 2) = 0, 1/6, 2/6, 3/6 from worst to best.
    assert selection_weights(np.array([0.9, 0.1, 0.5, 0.7]), 2) == pytest.approx([3 / 6, 0, 1 / 6, 2 / 6])
    # The two best tie and share (2/6 + 3/6) / 2.
    assert selection_weights(np.array([0.9, 0.1, 0.5, 0.9]), 2) == pytest.approx([2.5 / 6, 0, 1 / 6, 2.5 / 6])


def test_best_of_one_is_the_mean_and_constant_trials_have_no_variance():
    test, validation = random_trials(0)
    assert pool(test, validation, m=1).mean == pytest.approx(test.mean())
    level = pool(np.full((12, 3), 0.1), validation, m=3)
    assert (level.mean, level.v, level.df) == (0.1, 0.0, 11.0)


def test_one_example_makes_the_comparison_unbounded():
    a, b = (pool(*random_trials(seed, examples=1), m=3) for seed in (0, 1))
    assert sample_difference(a, b).p == 1.0


@pytest.mark.parametrize(("trials", "m", "expected"), [(20, None, 5), (12, None, 3), (40, 10, 10), (20, 1, 1)])
def test_m_fits_the_trials(trials, m, expected):
    assert best_of(trials, m) == expected


@pytest.mark.parametrize(("trials", "m"), [(11, None), (20, 6), (20, 0)])
def test_too_few_trials_make_no_family_claim(trials, m):
    with pytest.raises(ConfigError, match="trials"):
        best_of(trials, m)


def test_family_verdict_names_the_better_family_and_its_claim():
    arms = dict(
        zip(("cnn", "rnn"), tuned_arms(np.random.default_rng(0), families=2, trials=20, examples=400), strict=True)
    )
    arms["rnn"][0][:, ::5] = 0.0  # every fifth example wrong
    verdict = family_verdict(*frames(arms), margin=0.01, metric="accuracy")
    assert (verdict.verdict, verdict.winner, verdict.best_of) == ("WINS", "cnn", 5)
    assert "best of 5" in verdict.claim and "tuning luck" in verdict.claim
    assert [point["m"] for point in verdict.curves["cnn"]] == [1, 2, 3, 4, 5]
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_a_family_is_told_of_in_trials():
    winner = {"a": random_trials(0, examples=30), "b": random_trials(1, examples=30)}
    winner["a"] = (winner["a"][0] + 9, winner["a"][1])
    assert "With new trials and new test examples" in family_verdict(*frames(winner)).sentence
    open_ = family_verdict(*frames({"a": random_trials(0, examples=30), "b": random_trials(1, examples=30)}))
    assert "luck of the trials or of the test examples" in open_.sentence


def test_reordering_trials_changes_nothing():
    arms = dict(zip("ab", tuned_arms(np.random.default_rng(1), families=2, trials=12, examples=50), strict=True))
    order = np.random.default_rng(2).permutation(12)
    shuffled = {name: (test[order], validation[order]) for name, (test, validation) in reversed(arms.items())}
    one, two = (family_verdict_from_matrices(found, options=Options()).to_dict() for found in (arms, shuffled))
    assert one == two


def test_crossing_curves_are_said():
    rng = np.random.default_rng(0)
    steady = np.full(12, 0.8), np.linspace(0, 1, 12)
    # Poor on average, best when searched: crosses the steady one as m grows.
    steep = np.linspace(0.6, 0.95, 12), np.linspace(0, 1, 12)
    arms = {
        name: (means[:, None] + 0.01 * rng.normal(size=(12, 30)), validation)
        for name, (means, validation) in {"steady": steady, "steep": steep}.items()
    }
    warnings = family_verdict_from_matrices(arms, options=Options()).warnings
    assert any(
        "curves of steady and steep cross: steady leads at best of 1, steep at best of 2" in text for text in warnings
    )


def test_lower_validation_loss_can_be_better():
    arms = dict(zip("ab", tuned_arms(np.random.default_rng(3), families=2, trials=12, examples=50), strict=True))
    test, validation = frames(arms)
    loss = validation.assign(score=-validation["score"])
    one = family_verdict(test, validation)
    assert family_verdict(test, loss, validation_direction="minimize").to_dict() == one.to_dict()


def test_unequal_trials_and_missing_validation_are_refused():
    arms = dict(zip("ab", tuned_arms(np.random.default_rng(4), families=2, trials=13, examples=5), strict=True))
    test, validation = frames(arms)
    with pytest.raises(DataError, match="unequal trials: a 12, b 13"):
        mask = ~((test["contender"] == "a") & (test["trial"] == 12))
        family_verdict(test[mask], validation[~((validation["contender"] == "a") & (validation["trial"] == 12))])
    with pytest.raises(DataError, match="not both: 3"):
        family_verdict(test, validation[validation["trial"] != 3])
    with pytest.raises(DataError, match="NaN"):
        family_verdict(test, validation.assign(score=np.nan))


def test_validation_scores_that_are_texts_are_refused():
    test, validation = frames({"a": random_trials(0), "b": random_trials(1)})
    with pytest.raises(DataError, match=r"\[data.bad_scores\] score: scores must be numbers"):
        family_verdict(test, validation.assign(score="good"))


def test_looks_of_trials_spend_by_information_for_one_m():
    arms = tuned_arms(np.random.default_rng(0), families=2, trials=12, examples=200)
    test, validation = frames(dict(zip("ab", arms, strict=True)))
    verdict = family_verdict(test, validation, m=3, looks=(12, 24), margin=0.05)
    share = examples_share(verdict.pairs[0].estimate, 24)
    assert verdict.pairs[0].level == nominal_levels((12, 24), share, 0.05)[0]
    assert (verdict.look, verdict.last_look, verdict.best_of) == (0, False, 3)
    assert family_verdict(test, validation, m=3, looks=(12,), margin=0.05).pairs[0].level == pytest.approx(0.05)


def test_the_m_of_all_looks_is_by_itself_that_of_the_first():
    arms = dict(zip("ab", tuned_arms(np.random.default_rng(0), families=2, trials=24, examples=50), strict=True))
    assert family_verdict(*frames(arms)).best_of == 5
    assert family_verdict(*frames(arms), looks=(12, 24)).best_of == 3


def test_a_race_of_families_leaves_the_beaten_behind_and_keeps_what_they_reached():
    arms = dict(zip("abc", tuned_arms(np.random.default_rng(0), families=3, trials=20, examples=400), strict=True))
    arms["c"][0][:, ::3] = 0.0
    test, validation = frames(arms)
    early = test[test["trial"] < 12], validation[validation["trial"] < 12]
    first = race_verdict(early[0], validation=early[1], looks=(12, 20), margin=0.01)
    alone = family_verdict(*early, looks=(12, 20), margin=0.01)
    assert first.pairs == alone.pairs and first.curves == alone.curves and first.racing == ("a", "b")
    last = race_verdict(test, validation=validation, looks=(12, 20), previous=first, margin=0.01)
    runs = {row.name: (row.num_seeds, row.beaten_by) for row in last.contenders}
    assert runs == {"a": (20, None), "b": (20, None), "c": (12, first.contenders[2].beaten_by)}
    assert last.contenders[2].name == "c" and runs["c"][1] in ("a", "b")
    assert len(last.pairs) == 3 and last.curves["c"] == first.curves["c"] and len(last.curves["a"]) == 5
    assert last.best_of == 3
    with pytest.raises(ConfigError, match="declared at 12 trials, the table holds 20"):
        race_verdict(test, validation=validation, looks=(12, 20))
    with pytest.raises(ConfigError, match="nothing to pair"):
        race_verdict(*early[:1], validation=early[1], looks=(12, 20), paired=True)


@pytest.mark.parametrize(
    ("m", "looks", "line"),
    [
        (3, {12: 0.01, 24: 0.04}, "which spend by information"),
        (4, (12, 24), "takes 16 trials"),
        (None, (10, 24), "takes 12 trials"),
        (3, "every", "named numbers of trials"),
    ],
)
def test_looks_that_do_not_hang_together_are_refused(m, looks, line):
    arms = tuned_arms(np.random.default_rng(0), families=2, trials=12, examples=50)
    test, validation = frames(dict(zip("ab", arms, strict=True)))
    with pytest.raises(ConfigError, match=line):
        family_verdict(test, validation, m=m, looks=looks)
