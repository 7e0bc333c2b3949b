"""Declared looks and their levels; races that drop the beaten and keep what they showed."""

import json

import numpy as np
import pandas as pd
import pytest

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics import NOT_ENOUGH_EVIDENCE, WINS, WINS_SMALL, declare_looks, race_verdict, verdict_from_scores
from bakeoff.statistics.information import examples_share, nominal_levels


def table(gaps, *, seeds, noise=0.05, examples=200):
    """Scores with known gaps; the first seeds are the same however many are asked for."""
    frames = []
    for index, (name, gap) in enumerate(gaps.items()):
        for seed in range(seeds):
            rng = np.random.default_rng([index, seed])
            score = gap + noise * rng.normal() + 0.1 * rng.normal(size=examples)
            frames.append(pd.DataFrame({"contender": name, "seed": seed, "example": range(examples), "score": score}))
    return pd.concat(frames)


def test_known_schedules_spend_five_percent():
    assert declare_looks((5, 10, 20)).alphas == pytest.approx((0.01, 0.015, 0.025))
    assert declare_looks((5, 10)).alphas == pytest.approx((0.01, 0.04))
    assert declare_looks((10,)).alphas == (0.05,)
    assert declare_looks({12: 0.04, 6: 0.01}).seeds == (6, 12)


@pytest.mark.parametrize("looks", [(5, 15), (3, 10), (), {5: 0.03, 10: 0.03}, {5: 0.0, 10: 0.05}, (5, 5)])
def test_other_schedules_are_refused(looks):
    with pytest.raises(ConfigError, match="looks"):
        declare_looks(looks)


def test_a_look_is_tested_at_its_own_level():
    for seeds, level, last in ((5, 0.01, False), (10, 0.04, True)):
        verdict = verdict_from_scores(table({"a": 1.0, "b": 0.0}, seeds=seeds), looks={5: 0.01, 10: 0.04})
        assert verdict.pairs[0].level == pytest.approx(level) and verdict.last_look is last
        assert verdict.alpha == pytest.approx(level)


def test_undeclared_seeds_are_exploratory():
    verdict = verdict_from_scores(table({"a": 1.0, "b": 0.0}, seeds=7), looks=(5, 10))
    assert verdict.exploratory and verdict.sentence.startswith("Exploratory")
    assert any("exploratory" in warning for warning in verdict.warnings)


def test_three_seeds_before_the_first_look_are_provisional():
    verdict = verdict_from_scores(table({"a": 1.0, "b": 0.0}, seeds=3), looks=(5, 10))
    assert verdict.provisional and not verdict.exploratory and verdict.racing == ("a", "b")


def run_race(gaps, **options):
    verdict, racing, verdicts = None, tuple(gaps), []
    for seeds in (5, 10, 20):
        frame = table(gaps, seeds=seeds, **options)
        verdict = race_verdict(frame[frame["contender"].isin(racing)], looks=(5, 10, 20), previous=verdict)
        verdicts.append(verdict)
        racing = verdict.racing
        if not racing:
            break
    return verdicts


def test_the_beaten_leave_and_the_rest_go_on():
    first, second, *_ = run_race({"a": 1.0, "b": 1.0, "c": 0.0})
    assert first.verdict == NOT_ENOUGH_EVIDENCE and set(first.racing) == {"a", "b"}
    assert {row.name: row.beaten_by is not None for row in first.contenders} == {"a": False, "b": False, "c": True}
    # Two remain: one pair, tested at the whole level of the second look.
    share = examples_share(second.pairs[0].estimate, 20)
    assert second.pairs[0].level == nominal_levels((5, 10, 20), share, 0.05)[1]
    settled = [pair for pair in second.pairs if "c" in (pair.a, pair.b)]
    assert len(settled) == 2 and all(pair.num_seeds_when_settled == 5 for pair in settled)
    assert [row.name for row in second.contenders][-1] == "c" and second.contenders[-1].num_seeds == 5


def test_a_race_ends_when_one_has_beaten_the_others():
    verdicts = run_race({"a": 1.0, "b": 0.5, "c": 0.0})
    assert len(verdicts) == 1 and verdicts[0].verdict == WINS and verdicts[0].racing == ()


def test_a_late_winner_counts_those_beaten_earlier():
    verdicts = run_race({"a": 0.17, "b": 0.0, "c": -1.0}, noise=0.15)
    assert len(verdicts) > 1 and verdicts[-1].winner == "a"
    assert "beats the other one too" in verdicts[-1].sentence
    json.dumps(verdicts[-1].to_dict(), allow_nan=False)


def test_the_last_look_ends_the_race():
    verdicts = run_race({"a": 0.0, "b": 0.0})
    assert len(verdicts) == 3 and verdicts[-1].racing == ()
    with pytest.raises(ConfigError, match="over"):
        race_verdict(table({"a": 0.0, "b": 0.0}, seeds=20), looks=(5, 10, 20), previous=verdicts[-1])


def test_rows_of_those_who_left_are_ignored():
    gaps = {"a": 1.0, "b": 1.0, "c": 0.0}
    first = race_verdict(table(gaps, seeds=5), looks=(5, 10))
    everyone = race_verdict(table(gaps, seeds=10), looks=(5, 10), previous=first)
    two = race_verdict(table({"a": 1.0, "b": 1.0}, seeds=10), looks=(5, 10), previous=first)
    assert everyone.to_dict() == two.to_dict()


def test_a_skipped_look_and_a_missing_racer_are_refused():
    gaps = {"a": 1.0, "b": 1.0, "c": 0.0}
    with pytest.raises(ConfigError, match="declared at 5 seeds, the table holds 10"):
        race_verdict(table(gaps, seeds=10), looks=(5, 10))
    first = race_verdict(table(gaps, seeds=5), looks=(5, 10))
    with pytest.raises(DataError, match="still racing"):
        race_verdict(table({"a": 1.0}, seeds=10), looks=(5, 10), previous=first)


def test_a_contender_with_further_seeds_than_the_look_makes_it_exploratory():
    further = table({"a": 1.0, "b": 0.0}, seeds=7)
    frame = further[(further["contender"] == "a") | (further["seed"] < 5)]
    verdict = verdict_from_scores(frame, looks=(5, 10))
    assert verdict.exploratory and verdict.look is None
    assert any("5 and 7 seeds are no look that was declared" in warning for warning in verdict.warnings)


def test_a_win_over_a_contender_that_left_earlier_can_be_small():
    gaps = {"a": 0.3, "b": 0.2, "c": 0.0}

    def at(seeds):
        frame = table({"a": 0.3, "b": 0.2}, seeds=seeds, noise=0.001)
        unsteady = table(gaps, seeds=seeds, noise=0.001)
        unsteady = unsteady[unsteady["contender"] == "c"]
        luck = unsteady["seed"].map(dict(enumerate([0.9, -0.6, 0.8, -0.5, 0.7, 0, 0, 0, 0, 0])))
        return pd.concat([frame, unsteady.assign(score=unsteady["score"] - (luck if seeds == 5 else 0.5 + 0 * luck))])

    first = race_verdict(at(5), looks=(5, 10), margin=0.2)
    assert first.verdict == NOT_ENOUGH_EVIDENCE and first.racing == ("a", "c")
    last = race_verdict(at(10), looks=(5, 10), margin=0.2, previous=first)
    assert (last.verdict, last.winner) == (WINS_SMALL, "a")
    assert "over b the lead is below the margin of 0.2" in last.sentence
    assert "Only a margin of at most 0.1" in last.advice.text


def test_a_race_pairs_seeds_from_ten_on_where_they_share_their_design():
    luck = {seed: 3.0 * (-1) ** seed for seed in range(10)}
    frame = table({"a": 0.1, "b": 0.0}, seeds=10, noise=0.01)
    frame["score"] += frame["seed"].map(luck)
    first = race_verdict(frame[frame["seed"] < 5], looks=(5, 10), paired=True)
    assert any("compared without pairing" in warning for warning in first.warnings)
    last = race_verdict(frame, looks=(5, 10), paired=True, previous=first)
    assert last.winner == "a"
    assert last.pairs[0].p == verdict_from_scores(frame, paired=True).pairs[0].p
    assert race_verdict(frame, looks=(5, 10), previous=first).winner is None
    frame.loc[(frame["contender"] == "b") & (frame["seed"] == 0), "seed"] = 100
    with pytest.raises(DataError, match="same seeds"):
        race_verdict(frame, looks=(5, 10), paired=True, previous=first)
