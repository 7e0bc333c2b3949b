"""What the verdict stands beside: every contender's quality and costs, and the comparisons at equal FLOPs and time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from bakeoff.comparison.judging.opening import read_scores
from bakeoff.comparison.judging.verdict import Trial
from bakeoff.comparison.planning.plan import Plan
from bakeoff.record.contenders import Contender
from bakeoff.statistics import crossed_mean
from bakeoff.training.loop.metric_log import read_log

COSTS = ("train_flops", "train_seconds", "examples_seen", "examples_per_second", "peak_memory_mb")


def leaderboard(
    plan: Plan, folder: Path, trials: Sequence[Trial], latencies: Mapping[str, Mapping[str, list[float]]]
) -> list[dict[str, Any]]:
    """One row a contender, best first, baselines after the contenders.

    The primary metric's interval covers new seeds and new test examples; the others', new seeds only.

    Args:
        plan: the bakeoff's.
        folder: holds the opened scores.
        trials: opened.
        latencies: repeats in milliseconds by contender and batch size.
    """
    table = read_scores(folder)
    assert table is not None
    metric, maximize = plan.config["task"]["metric"], plan.config["task"]["direction"] == "maximize"
    rows = [
        _row(
            contender,
            [trial for trial in trials if trial.contender == contender.name],
            table[table["contender"] == contender.name],
            latencies.get(contender.name, {}),
            metric,
        )
        for contender in plan.contenders
    ]
    sign = -1.0 if maximize else 1.0
    return sorted(rows, key=lambda row: (row["role"] != "contender", sign * row["test"][metric]["mean"]))


def _row(
    contender: Contender,
    trials: Sequence[Trial],
    table: pd.DataFrame,
    latencies: Mapping[str, list[float]],
    metric: str,
) -> dict[str, Any]:
    finished = [trial.result for trial in trials if not trial.failed]
    test = {name: summary([trial.test[name] for trial in trials]) for name in trials[0].test}
    numbers = {trial.number for trial in trials}
    scores = table[table["trial"].isin(numbers)].pivot(index="trial", columns="example", values="score")
    test[metric] |= _crossed(scores.to_numpy())
    validation = finished[0]["validation"] if finished else {}
    return {
        "name": contender.name,
        "family": contender.family,
        "role": contender.role,
        "params": contender.params,
        "non_embedding_params": contender.non_embedding_params,
        **{name: _mean([result[name] for result in finished]) for name in COSTS},
        "latency_ms": {size: float(np.median(repeats)) for size, repeats in latencies.items()},
        "latency_repeats_ms": dict(latencies),
        "failures": len(trials) - len(finished),
        "test": test,
        "validation": {name: summary([result["validation"][name] for result in finished]) for name in validation},
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


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def indicative(trials: Sequence[Trial], *, metric: str, maximize: bool) -> dict[str, Any]:
    """Validation quality at the FLOPs, and at the seconds, that the cheapest contender spent (rule 3).

    Each trial counts with its best validation up to that cost. Only indicative: nothing was tuned to those budgets.
    """
    curves: dict[str, list[list[dict[str, Any]]]] = {}
    for trial in trials:
        if trial.job.label.role == "contender" and not trial.failed:
            curves.setdefault(trial.contender, []).append(_validations(trial.job.folder))
    found: dict[str, Any] = {"leader_changes": False, "equal_flops": [], "equal_time": []}
    full = _ranked(curves, f"val/{metric}", "flops", math.inf, maximize)
    for key, cost in (("equal_flops", "flops"), ("equal_time", "seconds")):
        spent = {name: np.mean([trial[-1][cost] for trial in trials]) for name, trials in curves.items()}
        if not spent:
            continue
        limit = float(min(spent.values()))
        ranked = _ranked(curves, f"val/{metric}", cost, limit, maximize)
        at = "at_flops" if key == "equal_flops" else "at_seconds"
        found[key] = [{"name": name, at: limit, "value": value} for name, value in ranked]
        found["leader_changes"] |= ranked[0][0] != full[0][0]
    return found


def _validations(folder: Path) -> list[dict[str, Any]]:
    return [record for record in read_log(folder / "metrics.jsonl") if record["kind"] == "val"]


def _ranked(
    curves: Mapping[str, list[list[dict[str, Any]]]], metric: str, cost: str, limit: float, maximize: bool
) -> list[tuple[str, float]]:
    """Contenders by their mean best validation within the limit, best first; the first validation always counts."""
    best = max if maximize else min
    values = {
        name: float(np.mean([best(r[metric] for i, r in enumerate(t) if i == 0 or r[cost] <= limit) for t in trials]))
        for name, trials in curves.items()
    }
    return sorted(values.items(), key=lambda item: item[1], reverse=maximize)


def flops_ratio(contenders: Sequence[Contender]) -> float:
    """The most training FLOPs an example among contenders, as a multiple of the least."""
    flops = [contender.train_flops_per_example for contender in contenders if contender.role == "contender"]
    return max(flops) / min(flops)
