"""The verdict on synthetic scores, drawn by ``bakeoff.statistics`` as a bakeoff draws it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bakeoff.comparison.judging.over_baseline import over_baseline
from bakeoff.record.plan import RecordedPlan
from bakeoff.statistics import Verdict, declare_looks, family_verdict, race_verdict, verdict_from_scores

MARGIN = 0.0031


@dataclass(frozen=True)
class Scores:
    """By contender: test scores of shape (trials, examples) and validation scores of shape (trials,)."""

    test: dict[str, np.ndarray]
    validation: dict[str, np.ndarray]

    def frame(self, names: list[str], *, runs: int, run: str) -> pd.DataFrame:
        """The first ``runs`` rows of each as a table with the run's number in the column ``run``."""
        parts = []
        for name in names:
            trials, n = self.test[name][:runs].shape
            columns = {run: np.repeat(np.arange(trials), n), "example": np.tile(np.arange(n), trials)}
            parts.append(pd.DataFrame({"contender": name, **columns, "score": self.test[name][:runs].ravel()}))
        return pd.concat(parts, ignore_index=True)


def draw_verdict(scores: Scores, recipe: Any, plan: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """What verdict.json says of the statistics, and how many trials each contender and baseline ran."""
    names = [entry.name for entry in recipe.entries if entry.role == "contender"]
    runs = {entry.name: recipe.runs_of(entry) for entry in recipe.entries}
    more: dict[str, Any] = {"edges": [], "looks": [], "saved_trials": 0, "findings": _findings(recipe)}
    if recipe.tune:
        verdict = _tuned(scores, names, recipe)
        more["edges"] = _edges(scores, plan)
    elif recipe.looks:
        verdict, looks = _raced(scores, names, recipe)
        last = looks[-1]["seeds"]
        runs = dict.fromkeys(runs, last) | {row.name: row.num_seeds for row in verdict.contenders}
        more |= {"looks": looks, "saved_trials": recipe.seeds * len(runs) - sum(runs.values())}
    else:
        frame = scores.frame(names, runs=recipe.seeds, run="seed")
        verdict = verdict_from_scores(frame, metric="accuracy", margin=MARGIN, failed=_failed(recipe))
    every = scores.frame([entry.name for entry in recipe.entries], runs=min(runs.values()), run="seed")
    more["over_baseline"] = over_baseline(RecordedPlan.from_dict(plan), every, {"metric": "accuracy"})
    record = verdict.to_dict() | more
    record["warnings"] = [*record["warnings"], *recipe.warnings]
    return _overruled(record, recipe.verdict), runs


def _findings(recipe: Any) -> list[dict[str, str]]:
    """What a guard says of a bakeoff with a failed trial on a busy machine."""
    if not recipe.failed:
        return []
    return [{"guard": "timing", "severity": "warn", "problem": "Latency of vit at batch 1 is not settled."}]


def _overruled(record: dict[str, Any], word: str | None) -> dict[str, Any]:
    """The record with the word that a test asks for."""
    if word is None:
        return record
    ranked = [row["name"] for row in sorted(record["contenders"], key=lambda row: row["rank"])]
    return record | {"verdict": word, "winner": ranked[0] if word.startswith("WINS") else None}


def _failed(recipe: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, seed in recipe.failed:
        found.setdefault(name, []).append(f"seed {recipe.seed_of(seed)}")
    return found


def _tuned(scores: Scores, names: list[str], recipe: Any) -> Verdict:
    parts = [
        pd.DataFrame({"contender": name, "trial": range(recipe.tune), "score": scores.validation[name]})
        for name in names
    ]
    frame = scores.frame(names, runs=recipe.tune, run="trial")
    options = {"m": recipe.best_of, "metric": "accuracy", "margin": MARGIN, "failed": _failed(recipe)}
    return family_verdict(frame, pd.concat(parts, ignore_index=True), **options)


def _raced(scores: Scores, names: list[str], recipe: Any) -> tuple[Verdict, list[dict[str, Any]]]:
    verdict, racing, told = None, tuple(names), []
    for seeds in recipe.looks:
        frame = scores.frame(list(racing), runs=seeds, run="seed")
        levels = declare_looks(recipe.looks)
        about = {"metric": "accuracy", "margin": MARGIN, "looks": levels}
        verdict = race_verdict(frame, previous=verdict, **about)
        racing = verdict.racing
        told.append({"seeds": seeds, "verdict": verdict.verdict, "racing": list(racing)})
        if not racing:
            break
    assert verdict is not None
    return verdict, told


def _edges(scores: Scores, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Rule 11: the best trial by validation within 5 % of an edge of its range, on the scale of the search."""
    found = []
    for entry in plan["contenders"]:
        if not entry["points"]:
            continue
        best = entry["points"][int(np.argmax(scores.validation[entry["name"]]))]["values"]
        for key, space in entry["search"].items():
            if "low" not in space:
                continue
            change = math.log if space["scale"] == "log" else float
            low, high, value = (change(number) for number in (space["low"], space["high"], best[key]))
            if min(value - low, high - value) < 0.05 * (high - low):
                ends = {"low": space["low"], "high": space["high"]}
                found.append({"contender": entry["name"], "key": key, "value": best[key], **ends})
    return found
