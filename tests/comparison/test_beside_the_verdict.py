"""Sentences beside the verdict: on baselines that no contender beats, on contenders that have learnt nothing."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd

from bakeoff.comparison.judging.beside import beaten_by_a_baseline, below_the_trivial, like_the_trivial
from bakeoff.statistics import family_verdict


def table(validation_T):
    rng = np.random.default_rng(0)
    parts = []
    for name, values in validation_T.items():
        for trial, value in enumerate(values):
            score = (rng.uniform(size=200) < value).astype(float)
            parts.append(pd.DataFrame({"contender": name, "trial": trial, "example": range(200), "score": score}))
    return pd.concat(parts)


def test_a_search_beats_a_baseline_that_its_mean_trial_does_not():
    validation = {"a": np.linspace(0.1, 0.9, 12), "b": np.linspace(0.1, 0.5, 12)}
    rows = [{"contender": name, "trial": t, "score": s} for name, v in validation.items() for t, s in enumerate(v)]
    scores = table(validation)
    verdict = family_verdict(scores, pd.DataFrame(rows), metric="accuracy")
    means = scores.groupby("contender")["score"].mean()
    board = [{"name": n, "role": "contender", "test": {"accuracy": {"mean": float(means[n])}}} for n in validation]
    linear = {"name": "linear", "role": "baseline", "test": {"accuracy": {"mean": 0.6}}}
    assert max(means) < 0.6 < verdict.contenders[0].mean
    assert beaten_by_a_baseline(verdict, [*board, linear]) == []
    (told,) = beaten_by_a_baseline(replace(verdict, kind="configuration"), [*board, linear])
    assert told == "The baseline linear reaches 0.6000 in accuracy: no contender does better."


def test_a_model_below_the_trivial_predictor_is_told():
    verdict = SimpleNamespace(metric="accuracy", direction="maximize")
    rows = [{"name": name, "test": {"accuracy": {"mean": mean}}} for name, mean in (("a", 0.9), ("b", 0.1), ("c", 0.5))]
    (told,) = below_the_trivial(verdict, rows, 0.5)
    assert told.startswith("b reaches 0.1000 in accuracy, worse than the trivial predictor (0.5000)")
    assert below_the_trivial(verdict, rows, None) == []


def trials(*scores, failed=0):
    reached = [(score, False) for score in scores] + [(0.97, True)] * failed
    return [SimpleNamespace(entered=True, failed=fails, test={"accuracy": score}) for score, fails in reached]


def test_contenders_that_all_score_as_the_trivial_predictor_are_told_with_a_code():
    (told,) = like_the_trivial(trials(0.97, 0.97, failed=1), "accuracy", 0.97)
    assert "scores 0.9700 in accuracy, as the trivial predictor does" in told and told.endswith("[contenders.trivial]")
    assert like_the_trivial(trials(0.97, 0.9701), "accuracy", 0.97) == []
    assert like_the_trivial(trials(0.97), "accuracy", None) == []
    assert like_the_trivial(trials(failed=2), "accuracy", 0.97) == []
