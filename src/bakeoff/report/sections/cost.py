"""What quality costs: the small multiples, the table of costs, and quality at equal compute and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bakeoff.report.analysis.latency import ratios_by_size
from bakeoff.report.analysis.pareto import costs, front
from bakeoff.report.figures.costs import cost_figure
from bakeoff.report.numbers import Metric, duration, flops, is_number
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff


@dataclass(frozen=True)
class CostPanel:
    """One small multiple and the names on its Pareto front, cheapest first."""

    figure: Markup
    front: tuple[str, ...]


def cost_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """The small multiples and the indicative rows at equal compute and time."""
    panels = [
        CostPanel(
            cost_figure(cost, metric=metric, looks=looks), tuple(p.name for p in front(cost.points, metric=metric))
        )
        for cost in costs([*bakeoff.contenders, *bakeoff.baselines], metric=metric)
    ]
    return {"cost_panels": panels, "ratios": ratios_by_size(bakeoff.contenders), **_indicative(bakeoff)}


def _indicative(bakeoff: Bakeoff) -> dict[str, Any]:
    """Quality at equal FLOPs and at equal seconds, joined by contender."""
    told = bakeoff.verdict.indicative
    by_flops = {row["name"]: row for row in told.get("equal_flops") or ()}
    by_time = {row["name"]: row for row in told.get("equal_time") or ()}
    names = [row.name for row in bakeoff.contenders if row.name in by_flops or row.name in by_time]
    rows = [{"name": n, "found": [by_flops.get(n, {}).get("value"), by_time.get(n, {}).get("value")]} for n in names]
    at_flops = next((row.get("at_flops") for row in by_flops.values()), None)
    at_seconds = next((row.get("at_seconds") for row in by_time.values()), None)
    heads = [f"at {flops(at_flops)}", f"at {duration(at_seconds)}"]
    return {"equal_rows": rows, "equal_heads": heads, "indicative_words": _indicative_words(bakeoff)}


def _indicative_words(bakeoff: Bakeoff) -> str:
    ratio, changes = bakeoff.verdict.flops_ratio, bakeoff.verdict.indicative.get("leader_changes")
    sentences = []
    if is_number(ratio):
        known = {"flops": "Training compute was equal", "time": "Training time was equal"}
        unequal = "Training compute was unequal" if ratio > 1.5 else "Training compute was much the same"
        words = known.get(bakeoff.plan.budget.get("mode", "none"), unequal)
        sentences.append(
            f"{words}: the costliest contender takes {ratio:.1f} times the FLOPs of the cheapest for an example."
        )
    sentences.append("At equal compute or time another contender leads." if changes else "The leader stays the same.")
    return " ".join(sentences)
