"""The leaderboard: every contender's quality and costs, best first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bakeoff.comparison.judging.opening import CLUSTER
from bakeoff.comparison.judging.scoring import ScoredTrial
from bakeoff.metrics import facts_of
from bakeoff.record.contenders import Contender
from bakeoff.record.plan import RecordedPlan
from bakeoff.statistics import own_interval
from bakeoff.statistics.clusters import clusters_of
from bakeoff.statistics.distributions import stdtrit

COSTS = ("train_flops", "train_seconds", "examples_seen", "examples_per_second", "peak_memory_mb", "energy_j", "co2e_g")


def leaderboard(plan: RecordedPlan, table: pd.DataFrame, trials: Sequence[ScoredTrial]) -> list[dict[str, Any]]:
    """One row a contender, best first, baselines after the contenders.

    The primary metric's interval covers new seeds and new test examples, guarded as in the verdict; the others', new
    seeds only. None of them leaves the range of its metric (but in the first edition of the protocol).

    Args:
        plan: the bakeoff's.
        table: the opened scores.
        trials: opened.
    """
    rows = [
        _row(
            contender,
            [trial for trial in trials if trial.contender == contender.name],
            table[table["contender"] == contender.name],
            plan,
        )
        for contender in plan.contenders
    ]
    worse = -plan.aim.sign
    return sorted(rows, key=lambda row: (row["role"] != "contender", worse * row["test"][plan.metric]["mean"]))


def _row(
    contender: Contender, trials: Sequence[ScoredTrial], table: pd.DataFrame, plan: RecordedPlan
) -> dict[str, Any]:
    finished = [trial.recorded for trial in trials if not trial.failed]
    test = {name: _summary(name, [trial.test[name] for trial in trials], plan) for name in trials[0].test}
    numbers = {trial.number for trial in trials}
    low, high = _crossed(table[table["trial"].isin(numbers)], plan)
    test[plan.metric] |= _within(plan.metric, low, high, plan)
    validation = finished[0].validation if finished else {}
    return {
        "name": contender.name,
        "family": contender.family,
        "role": contender.role,
        "params": contender.params,
        "non_embedding_params": contender.non_embedding_params,
        **{name: _mean([getattr(trial, name) for trial in finished]) for name in COSTS},
        "energy_by": next((trial.energy_by for trial in finished), None),
        "failures": len(trials) - len(finished),
        "test": test,
        "validation": {
            name: _summary(name, [trial.validation[name] for trial in finished], plan) for name in validation
        },
    }


def _summary(metric: str, values: Sequence[float], plan: RecordedPlan) -> dict[str, Any]:
    """Mean over seeds with its 95 % t interval; the interval is unknown with one seed."""
    array = np.asarray(values, dtype=np.float64)
    mean, half = float(array.mean()), math.nan
    if len(array) > 1:
        half = float(stdtrit(len(array) - 1, 0.975) * array.std(ddof=1) / math.sqrt(len(array)))
    return {"mean": mean, **_within(metric, mean - half, mean + half, plan), "values": array.tolist()}


def _crossed(table: pd.DataFrame, plan: RecordedPlan) -> tuple[float, float]:
    scores = table.pivot(index="trial", columns="example", values="score")
    clusters = None
    if CLUSTER in table.columns:
        of_example = table.drop_duplicates("example").set_index("example")[CLUSTER]
        clusters = clusters_of(of_example.loc[scores.columns].astype(str).to_numpy())
    return own_interval(scores.to_numpy(), **plan.bounds, clusters=clusters, edition=plan.edition)


def _within(metric: str, low: float, high: float, plan: RecordedPlan) -> dict[str, float]:
    """Both ends, as far as the metric can take them."""
    if plan.edition == 1:
        return {"low": low, "high": high}
    facts = facts_of(metric, plan.facts, direction=plan.direction)
    return {"low": facts.nearest(low), "high": facts.nearest(high)}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
