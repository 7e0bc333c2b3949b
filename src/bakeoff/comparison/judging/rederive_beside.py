"""What stands beside a verdict, derived again: leaderboard, costs, validation, failures, edges."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from bakeoff.comparison.judging.leaderboard import flops_ratio, indicative, leaderboard
from bakeoff.comparison.judging.rederive import stored_labels, task_of
from bakeoff.comparison.judging.verdict import Trial
from bakeoff.comparison.planning.plan import RULES, Plan
from bakeoff.comparison.planning.tuning import edges
from bakeoff.data.contract import TaskData
from bakeoff.record.bakeoff import RecordedBakeoff, contender_of


def leaderboard_again(bakeoff: RecordedBakeoff, trials: list[Trial]) -> list[dict[str, Any]]:
    """The leaderboard without the latencies, which were measured and cannot be derived."""
    rows = leaderboard(_as_plan(bakeoff), bakeoff.path, trials, {})
    return [{key: value for key, value in row.items() if not key.startswith("latency")} for row in rows]


def validation_again(bakeoff: RecordedBakeoff, trials: list[Trial], *, data: TaskData | None) -> pd.DataFrame | None:
    """What contenders' trials were selected by; None where a trial failed and the trivial score needs the data."""
    metric = bakeoff.plan["task"]["metric"]
    entered = [trial for trial in trials if trial.job.label.role == "contender"]
    trivial = None
    if any(trial.failed for trial in entered):
        if data is None:
            return None
        trivial = _trivial_validation(bakeoff, data, metric)
    rows = [
        {
            "contender": trial.contender,
            "seed": trial.result["seed"],
            "trial": trial.number,
            "score": trivial if trial.failed else trial.result["validation"][metric],
        }
        for trial in entered
    ]
    return pd.DataFrame(rows)


def beside_again(bakeoff: RecordedBakeoff, trials: list[Trial], *, data: TaskData | None) -> dict[str, Any]:
    """The remaining figures of ``verdict.json``, by their key; the trivial predictor only where the data is at hand."""
    task = bakeoff.plan["task"]
    maximize = task["direction"] == "maximize"
    found: dict[str, Any] = {
        "failures": [_failure(trial) for trial in trials if trial.failed],
        "flops_ratio": flops_ratio([contender_of(entry) for entry in bakeoff.contenders]),
        "indicative": indicative(trials, metric=task["metric"], maximize=maximize),
        "saved_trials": len(bakeoff.planned) - len(trials),
        "edges": _edges(bakeoff, trials, 1.0 if maximize else -1.0) if bakeoff.tuned else [],
    }
    if data is not None:
        kind = task_of(bakeoff)
        answers = kind.trivial(data.cases("train"), data.raw("test"))
        found["trivial"] = kind.summarise(answers, stored_labels(bakeoff))[task["metric"]]
    return found


def _as_plan(bakeoff: RecordedBakeoff) -> Plan:
    """As much of the plan as the leaderboard needs, which is all but the data."""
    config = {**bakeoff.contenders[0]["config"], **{name: bakeoff.plan[name] for name in RULES}}
    contenders = [contender_of(entry) for entry in bakeoff.contenders]
    data = cast(TaskData, None)
    return Plan(config, contenders, bakeoff.plan["seeds"], data, environment=bakeoff.plan["environment"])


def _trivial_validation(bakeoff: RecordedBakeoff, data: TaskData, metric: str) -> float:
    task = task_of(bakeoff)
    answers = task.trivial(data.cases("train"), data.raw("val"))
    return float(np.mean(task.score_examples(answers, data.labels("val"), metric)))


def _edges(bakeoff: RecordedBakeoff, trials: list[Trial], sign: float) -> list[dict[str, Any]]:
    metric = bakeoff.plan["task"]["metric"]
    validation: dict[str, list[float]] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        score = -np.inf if trial.failed else sign * trial.result["validation"][metric]
        validation.setdefault(trial.contender, []).append(score)
    entered = [contender_of(entry) for entry in bakeoff.contenders if entry["role"] == "contender"]
    return edges(entered, validation)


def _failure(trial: Trial) -> dict[str, Any]:
    about = {"trial": trial.job.label.trial_id, "contender": trial.contender}
    return about | {name: trial.result[name] for name in ("seed", "status", "why")}
