"""Sentences on what weakens a verdict besides its statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.comparison.judging.scored import ScoredTrial
from bakeoff.metrics import sign_of
from bakeoff.record.plan import RecordedPlan
from bakeoff.statistics import Verdict

FLOPS_RATIO_WORTH_SAYING = 1.5
"""Rule 3: from here on the verdict says that the training FLOPs differ."""


def warnings(
    plan: RecordedPlan, trials: Sequence[ScoredTrial], verdict: Verdict, beside: Mapping[str, Any]
) -> list[str]:
    """All of them.

    Args:
        plan: the bakeoff's.
        trials: opened.
        verdict: on them.
        beside: what else ``verdict.json`` holds: the leaderboard, the FLOPs, the edges.
    """
    return [
        *(str(note) for note in plan.spec.get("notes") or ()),
        *_unequal(plan, beside),
        *beaten_by_a_baseline(verdict, beside["leaderboard"]),
        *_edges(beside["edges"]),
        *starved(trials),
    ]


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
