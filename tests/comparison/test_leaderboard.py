"""The leaderboard: whose intervals keep to the range of their metric, with the luck of few errors inside."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bakeoff.comparison.judging.leaderboard import COSTS, leaderboard
from bakeoff.record.contenders import Contender
from bakeoff.record.plan import RecordedPlan
from bakeoff.statistics import own_interval, verdict_from_scores
from bakeoff.tasks.image_classification.task import ImageClassification

SEEDS, EXAMPLES = 5, 60


def bakeoff_of(answers, *, edition=2):
    """Plan, scores and trials of contenders by their right (1) and wrong (0) answers, (S, N)."""
    plan = RecordedPlan(
        facts=tuple(ImageClassification.metrics_declared),
        edition=edition,
        contenders=tuple(Contender(name, "baseline" if name == "trivial" else "contender") for name in answers),
    )
    table = pd.concat(
        pd.DataFrame({"contender": name, "trial": trial, "example": range(EXAMPLES), "score": row})
        for name, rows in answers.items()
        for trial, row in enumerate(rows)
    )
    trials = [
        SimpleNamespace(
            contender=name,
            number=trial,
            failed=False,
            test={"accuracy": row.mean(), "f1_macro": max(row.mean() - 0.01 * trial, 0)},
            recorded=SimpleNamespace(
                validation={"accuracy": 1.0 - 0.02 * (trial == 0)}, **dict.fromkeys((*COSTS, "energy_by"))
            ),
        )
        for name, rows in answers.items()
        for trial, row in enumerate(rows)
    ]
    return plan, table, trials


def answers():
    some = np.ones((SEEDS, EXAMPLES))
    some[0, 0] = some[2, 7] = 0
    never = np.zeros((SEEDS, EXAMPLES))
    return {"one": some, "faultless": np.ones((SEEDS, EXAMPLES)), "trivial": never}


def test_no_interval_of_a_share_leaves_0_to_1():
    for row in leaderboard(*bakeoff_of(answers())):
        for quality in (*row["test"].values(), *row["validation"].values()):
            assert 0 <= quality["low"] <= quality["mean"] <= quality["high"] <= 1
    unguarded = {row["name"]: row for row in leaderboard(*bakeoff_of(answers(), edition=1))}
    assert unguarded["one"]["test"]["accuracy"]["high"] > 1 and unguarded["one"]["validation"]["accuracy"]["high"] > 1


def test_a_faultless_contender_is_not_certain_and_its_interval_is_that_of_the_verdict():
    board = {row["name"]: row["test"]["accuracy"] for row in leaderboard(*bakeoff_of(answers()))}
    # The guard alone: V = 1 / 60^2 with 59 degrees of freedom, and t(0.975; 59) = 2.001.
    assert board["faultless"]["low"] == pytest.approx(1 - 2.001 / 60, abs=1e-5) and board["faultless"]["high"] == 1
    assert board["trivial"]["high"] == pytest.approx(2.001 / 60, abs=1e-5) and board["trivial"]["low"] == 0
    scores = bakeoff_of(answers())[1].rename(columns={"trial": "seed"})
    for row in verdict_from_scores(scores, score_range=(0, 1)).contenders:
        assert (board[row.name]["low"], board[row.name]["high"]) == pytest.approx((row.low, row.high), abs=1e-12)


def test_scores_without_bounds_have_intervals_without_bounds():
    losses = np.random.default_rng(0).exponential(size=(SEEDS, EXAMPLES))
    low, high = own_interval(losses)
    assert low < losses.mean() < high
    constant = np.full((SEEDS, EXAMPLES), 0.7)
    assert own_interval(constant) == (-np.inf, np.inf)
    assert own_interval(constant, edition=1) == (0.7, 0.7)
