"""What the verdict stands beside: every contender's quality and costs, and the comparisons at equal FLOPs and time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtrit

from bakeoff.comparison.contenders import Contender
from bakeoff.comparison.scoring import ScoredTrial
from bakeoff.statistics import crossed_mean
from bakeoff.training.metric_log import read_log

COSTS = ("train_flops", "train_seconds", "examples_seen", "examples_per_second", "peak_memory_mb")


def leaderboard(
    contenders: Sequence[Contender],
    scored: Sequence[ScoredTrial],
    latencies: Mapping[str, Mapping[str, list[float]]],
    *,
    metric: str,
    maximize: bool,
) -> list[dict[str, Any]]:
    """One row a contender, best first, baselines after the contenders.

    The primary metric's interval covers new seeds and new test examples; the others', new seeds only.

    Args:
        contenders: all that were entered.
        scored: their trials.
        latencies: repeats in milliseconds by contender and batch size.
        metric: the primary metric.
        maximize: whether higher is better.
    """
    rows = []
    for contender in contenders:
        trials = [trial for trial in scored if trial.job.label.contender == contender.name]
        finished = [trial.result for trial in trials if not trial.failed]
        test = {name: summary([trial.test[name] for trial in trials]) for name in trials[0].test}
        examples = [trial.scores for trial in trials if trial.scores is not None]
        if examples:
            test[metric] |= _crossed(np.stack(examples))
        rows.append(
            {
                "name": contender.name,
                "family": contender.family,
                "role": contender.role,
                "params": contender.params,
                "non_embedding_params": contender.non_embedding_params,
                **{name: _mean([result[name] for result in finished]) for name in COSTS},
                "latency_ms": {
                    size: float(np.median(values)) for size, values in latencies.get(contender.name, {}).items()
                },
                "failures": len(trials) - len(finished),
                "test": test,
                "validation": {
                    name: summary([result["validation"][name] for result in finished])
                    for name in (finished[0]["validation"] if finished else {})
                },
            }
        )
    sign = -1.0 if maximize else 1.0
    return sorted(rows, key=lambda row: (row["role"] != "contender", sign * row["test"][metric]["mean"]))


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


def indicative(scored: Sequence[ScoredTrial], *, metric: str, maximize: bool) -> dict[str, Any]:
    """Validation quality at the FLOPs, and at the seconds, that the cheapest contender spent (rule 3).

    Each trial counts with its best validation up to that cost. Only indicative: nothing was tuned to those budgets.
    """
    curves: dict[str, list[list[dict[str, Any]]]] = {}
    for trial in scored:
        if trial.job.label.role == "contender" and not trial.failed:
            curves.setdefault(trial.job.label.contender, []).append(_validations(trial.job.folder))
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
