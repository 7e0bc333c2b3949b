"""What stands beside a verdict: failures, comparisons at equal FLOPs and equal time, edges of a search, warnings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.comparison.judging.apart import apart_on_board
from bakeoff.comparison.judging.scoring import ScoredTrial, Scorer
from bakeoff.comparison.planning.tuning import edges
from bakeoff.metrics import MetricFacts, sign_of
from bakeoff.record.contenders import Contender
from bakeoff.record.layout import METRICS
from bakeoff.record.plan import RecordedPlan
from bakeoff.statistics import Verdict
from bakeoff.training.loop.metric_log import read_log

SAME_SCORE = 1e-9
"""How near to the trivial predictor's a metric is the same."""
FLOPS_RATIO_WORTH_SAYING = 1.5
"""Rule 3: from here on the verdict says that the training FLOPs differ."""


def failures(trials: Sequence[ScoredTrial]) -> list[dict[str, Any]]:
    """Each failed trial, and why."""
    return [
        {"trial": trial.planned.trial_id, "contender": trial.contender}
        | {name: getattr(trial.recorded, name) for name in ("seed", "status", "why")}
        for trial in trials
        if trial.failed
    ]


def flops_ratio(contenders: Sequence[Contender]) -> float:
    """The most training FLOPs an example among contenders, as a multiple of the least."""
    flops = [contender.train_flops_per_example or math.nan for contender in contenders]
    return max(flops) / min(flops)


def indicative(trials: Sequence[ScoredTrial], metric: MetricFacts) -> dict[str, Any]:
    """Validation quality at the FLOPs, and at the seconds, that the cheapest contender spent (rule 3).

    Each trial counts with its best validation up to that cost. Only indicative: nothing was tuned to those budgets.
    """
    curves: dict[str, list[list[dict[str, Any]]]] = {}
    for trial in trials:
        if trial.entered and not trial.failed:
            curves.setdefault(trial.contender, []).append(_validations(trial.recorded.folder))
    found: dict[str, Any] = {"leader_changes": False, "equal_flops": [], "equal_time": []}
    full = _ranked(curves, metric, "flops", math.inf)
    for key, cost in (("equal_flops", "flops"), ("equal_time", "seconds")):
        spent = {name: np.mean([trial[-1][cost] for trial in trials]) for name, trials in curves.items()}
        if not spent:
            continue
        limit = float(min(spent.values()))
        ranked = _ranked(curves, metric, cost, limit)
        at = "at_flops" if key == "equal_flops" else "at_seconds"
        found[key] = [{"name": name, at: limit, "value": value} for name, value in ranked]
        found["leader_changes"] |= ranked[0][0] != full[0][0]
    return found


def _validations(folder: Path) -> list[dict[str, Any]]:
    return [record for record in read_log(folder / METRICS) if record["kind"] == "val"]


def _ranked(
    curves: Mapping[str, list[list[dict[str, Any]]]], metric: MetricFacts, cost: str, limit: float
) -> list[tuple[str, float]]:
    """Contenders by their mean best validation within the limit, best first; the first validation always counts."""
    name, best = f"val/{metric.name}", max if metric.sign > 0 else min
    values = {}
    for contender, trials in curves.items():
        within = [[r[name] for i, r in enumerate(trial) if i == 0 or r[cost] <= limit] for trial in trials]
        values[contender] = float(np.mean([best(found) for found in within]))
    return sorted(values.items(), key=lambda item: item[1], reverse=metric.sign > 0)


def edges_of_search(plan: RecordedPlan, trials: Sequence[ScoredTrial]) -> list[dict[str, Any]]:
    """The searched settings whose best trial lies near an end of its range (rule 11)."""
    validation: dict[str, list[float]] = {contender.name: [] for contender in plan.entered}
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.entered:
            score = -np.inf if trial.failed else plan.aim.sign * trial.recorded.validation[plan.metric]
            validation[trial.contender].append(score)
    return edges(plan.entered, validation)


def warnings(
    plan: RecordedPlan,
    trials: Sequence[ScoredTrial],
    verdict: Verdict,
    beside: Mapping[str, Any],
    *,
    trivial: float | None,
) -> list[str]:
    """All of them.

    Args:
        plan: the bakeoff's.
        trials: opened.
        verdict: on them.
        beside: what else ``verdict.json`` holds: the leaderboard, the FLOPs, the edges.
        trivial: what the trivial predictor scores; None where that is not known.
    """
    return [
        *(str(note) for note in plan.spec.get("notes") or ()),
        *_unequal(plan, beside),
        *beaten_by_a_baseline(verdict, beside["leaderboard"]),
        *below_the_trivial(verdict, beside["leaderboard"], trivial),
        *_edges(beside["edges"]),
        *starved(trials),
        *run_again(trials),
        *Scorer.of_plan(plan).task.doubts(plan.metric),
        *like_the_trivial(trials, plan.metric, trivial),
        *_apart(plan, beside["leaderboard"]),
    ]


def _apart(plan: RecordedPlan, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of a search nothing: what its trials reach on validation is what they were chosen by."""
    sizes = {name: int(plan.spec.get(name) or 0) for name in ("num_val", "num_test")}
    return [] if plan.num_tuning else apart_on_board(rows, plan.metric, **sizes)


def _unequal(plan: RecordedPlan, beside: Mapping[str, Any]) -> list[str]:
    found, budget = [], plan.budget
    if beside["flops_ratio"] > FLOPS_RATIO_WORTH_SAYING and budget["mode"] not in ("flops", "time"):
        found.append(f"Training FLOPs an example differ by {beside['flops_ratio']:.1f} times between contenders.")
    if beside["indicative"]["leader_changes"]:
        found.append("At equal FLOPs or equal time another contender leads on validation (indicative only).")
    errors = {contender.name: contender.relative_error or 0.0 for contender in plan.entered}
    off = [f"{name} {error:+.1%}" for name, error in errors.items() if abs(error) > budget["tolerance"]]
    if off:
        found.append(f"Outside the budget's tolerance: {', '.join(off)}.")
    if budget["mode"] == "none":
        found.append("Nothing was held equal but the stopping rule (budget=none).")
    return found


def beaten_by_a_baseline(verdict: Verdict, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence where the simplest thing is at least as good as the best contender.

    Args:
        verdict: what a tuned contender is expected to reach; the mean over all its trials is that of no search.
        rows: the leaderboard.
    """
    metric, sign = verdict.metric, sign_of(verdict.direction)
    reached = [row["test"][metric]["mean"] for row in rows if row["role"] == "contender"]
    if verdict.kind == "family":
        reached = [row.mean for row in verdict.contenders]
    best = max(sign * mean for mean in reached)
    return [
        f"The baseline {row['name']} reaches {row['test'][metric]['mean']:.4f} in {metric}: no contender does better."
        for row in rows
        if row["role"] == "baseline" and sign * row["test"][metric]["mean"] >= best
    ]


def below_the_trivial(verdict: Verdict, rows: Sequence[Mapping[str, Any]], trivial: float | None) -> list[str]:
    """A sentence for each model that does worse than an answer which looks at nothing."""
    metric, sign = verdict.metric, sign_of(verdict.direction)
    reached = {row["name"]: row["test"][metric]["mean"] for row in rows}
    return [
        f"{name} reaches {mean:.4f} in {metric}, worse than the trivial predictor ({trivial:.4f}): what it has learnt "
        "does not help."
        for name, mean in reached.items()
        if trivial is not None and sign * mean < sign * trivial - SAME_SCORE
    ]


def _edges(edges: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"The best trial of {edge['contender']} has {edge['key']} = {edge['value']:.3g}, at the edge of "
        f"{edge['low']:.3g} to {edge['high']:.3g}: a better setting may lie beyond it."
        for edge in edges
    ]


def starved(trials: Sequence[ScoredTrial]) -> list[str]:
    """A sentence for each contender that went through its batches in parts because memory ran out."""
    parts: dict[str, list[int]] = {}
    for trial in trials:
        if not trial.failed and trial.recorded.out_of_memory:
            parts.setdefault(trial.contender, []).append(trial.recorded.accumulate)
    return [
        f"Out of memory: {len(counts)} trials of {name} went through each batch in up to {max(counts)} parts, with the "
        "same optimizer steps; statistics of batch normalisation are those of a part."
        for name, counts in parts.items()
    ]


def run_again(trials: Sequence[ScoredTrial]) -> list[str]:
    """A sentence for each contender of which trials were killed from outside, and finished when they were run again."""
    again = Counter(trial.contender for trial in trials if not trial.failed and trial.recorded.killed)
    return [
        f"Killed from outside: {count} of the trials of {name} were run again, with the same seed, before the test was "
        "opened."
        for name, count in again.items()
    ]


def like_the_trivial(trials: Sequence[ScoredTrial], metric: str, trivial: float | None) -> list[str]:
    """A sentence where no contender has learnt anything that the metric sees: all score as the trivial predictor."""
    reached = [trial.test[metric] for trial in trials if trial.entered and not trial.failed]
    if trivial is None or not reached or not np.allclose(reached, trivial, rtol=0.0, atol=SAME_SCORE):
        return []
    return [
        f"Every trial of every contender scores {trivial:.4f} in {metric}, as the trivial predictor does: by this "
        "metric none has learnt anything [contenders.trivial]"
    ]
