"""Contenders against the best baseline, with intervals that hold for new seeds and new examples."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bakeoff.comparison.judging.over_baseline import over_baseline
from bakeoff.metrics import facts_of
from bakeoff.statistics import verdict_from_scores

SHARES = {"a": 0.8, "b": 0.5, "simple": 0.6, "simpler": 0.3}


@pytest.fixture
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for name, share in SHARES.items():
        for seed in range(5):
            score = (rng.uniform(size=300) < share).astype(float)
            parts.append(pd.DataFrame({"contender": name, "seed": seed, "example": range(300), "score": score}))
    return pd.concat(parts)


def plan(direction: str = "maximize", **changes: object) -> SimpleNamespace:
    contenders = [SimpleNamespace(name=name, is_baseline=name.startswith("simple")) for name in SHARES]
    entered = [contender for contender in contenders if not contender.is_baseline]
    aim = facts_of("accuracy", (), direction=direction)
    return SimpleNamespace(contenders=contenders, entered=entered, aim=aim, num_tuning=0, looks=(), **changes)


def test_each_contender_is_held_against_the_best_baseline(scores):
    a, b = over_baseline(plan(), scores, {"metric": "accuracy"})
    means = scores.groupby("contender")["score"].mean()
    assert (a["name"], a["baseline"], b["name"], b["baseline"]) == ("a", "simple", "b", "simple")
    assert a["difference"] == pytest.approx(means["a"] - means["simple"])
    assert b["difference"] == pytest.approx(means["b"] - means["simple"])
    assert 0 < a["low"] < a["difference"] < a["high"]
    assert b["low"] < b["difference"] < b["high"] < 0


def test_the_interval_is_that_of_a_bakeoff_of_the_two(scores):
    two = scores[scores["contender"].isin(["a", "simple"])]
    pair = verdict_from_scores(two, metric="accuracy").pairs[0]
    found = over_baseline(plan(), scores, {"metric": "accuracy"})[0]
    assert (pair.a, pair.low, pair.high) == ("a", found["low"], found["high"])


def test_the_best_baseline_of_a_loss_is_the_lowest(scores):
    found = over_baseline(plan("minimize"), scores, {"metric": "accuracy", "direction": "minimize"})
    assert {row["baseline"] for row in found} == {"simpler"}


def test_nothing_is_said_without_a_baseline_nor_of_searches_and_races(scores):
    alone = plan()
    alone.contenders = alone.entered
    searched, raced = plan(), plan()
    searched.num_tuning, raced.looks = 20, (5, 10)
    assert [over_baseline(of, scores, {}) for of in (alone, searched, raced)] == [[], [], []]
