"""The leaderboard: every contender's quality and costs, best first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from bakeoff.comparison.judging.scoring import ScoredTrial
from bakeoff.record.contenders import Contender
from bakeoff.record.plan import RecordedPlan
from bakeoff.statistics import crossed_mean

COSTS = ("train_flops", "train_seconds", "examples_seen", "examples_per_second", "peak_memory_mb")


def leaderboard(plan: RecordedPlan, table: pd.DataFrame, trials: Sequence[ScoredTrial]) -> list[dict[str, Any]]:
    """One row a contender, best first, baselines after the contenders.

    The primary metric's interval covers new seeds and new test examples; the others', new seeds only.

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
            plan.metric,
        )
        for contender in plan.contenders
    ]
    worse = -plan.aim.sign
    return sorted(rows, key=lambda row: (row["role"] != "contender", worse * row["test"][plan.metric]["mean"]))


def _row(contender: Contender, trials: Sequence[ScoredTrial], table: pd.DataFrame, metric: str) -> dict[str, Any]:
    finished = [trial.recorded for trial in trials if not trial.failed]
    test = {name: summary([trial.test[name] for trial in trials]) for name in trials[0].test}
    numbers = {trial.number for trial in trials}
    scores = table[table["trial"].isin(numbers)].pivot(index="trial", columns="example", values="score")
    test[metric] |= _crossed(scores.to_numpy())
    validation = finished[0].validation if finished else {}
    return {
        "name": contender.name,
        "family": contender.family,
        "role": contender.role,
        "params": contender.params,
        "non_embedding_params": contender.non_embedding_params,
        **{name: _mean([getattr(trial, name) for trial in finished]) for name in COSTS},
        "failures": len(trials) - len(finished),
        "test": test,
        "validation": {name: summary([trial.validation[name] for trial in finished]) for name in validation},
    }


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Mean over seeds with its 95 % t interval; the interval is unknown with one seed."""
    array = np.asarray(values, dtype=np.float64)
    mean, half = float(array.mean()), math.nan
    if len(array) > 1:
        half = float(stdtrit(len(array) - 1, 0.975) * array.std(ddof=1) / math.sqrt(len(array)))
    return {"mean": mean, "low": mean - half, "high": mean + half, "values": array.tolist()}


def _crossed(scores_SN: np.ndarray) -> dict[str, float]:
    low, high = crossed_mean(scores_SN).interval(0.05)
    return {"low": low, "high": high}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
