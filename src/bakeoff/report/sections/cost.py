"""What quality costs: the small multiples, the table of costs, and quality at equal compute and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.report.analysis.latency import ratios_by_size, untimed_words
from bakeoff.report.analysis.pareto import costs, front
from bakeoff.report.figures.costs import cost_figure
from bakeoff.report.numbers import Metric, duration, flops, is_number
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff
from bakeoff.report.words import all_of

_UNEQUAL_FROM = 1.5
"""Rule 3: from so many times the FLOPs on, the verdict says that compute differed."""


def cost_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """The small multiples, each with the names on its front, and the indicative rows at equal compute and time."""
    rows = [*bakeoff.contenders, *bakeoff.baselines]
    return {
        "cost_panels": [
            (cost_figure(cost, metric=metric, looks=looks), [point.name for point in front(cost.points, metric=metric)])
            for cost in costs(rows, metric=metric)
        ],
        "ratios": ratios_by_size(bakeoff.contenders),
        "untimed": untimed_words(bakeoff.plan, rows),
        "energy_by": next((row.energy_by for row in rows if row.energy_by), None),
        **_indicative(bakeoff, metric),
    }


def _indicative(bakeoff: Bakeoff, metric: Metric) -> dict[str, Any]:
    """Quality at equal FLOPs and at equal seconds, joined by contender."""
    indicative = bakeoff.verdict.indicative
    by_flops = {row["name"]: row for row in indicative.get("equal_flops") or ()}
    by_time = {row["name"]: row for row in indicative.get("equal_time") or ()}
    names = [row.name for row in bakeoff.contenders if row.name in by_flops or row.name in by_time]
    columns = [{name: found.get(name, {}).get("value") for name in names} for found in (by_flops, by_time)]
    rows = [{"name": name, "found": [column[name] for column in columns]} for name in names]
    at_flops = next((row.get("at_flops") for row in by_flops.values()), None)
    at_seconds = next((row.get("at_seconds") for row in by_time.values()), None)
    heads = [f"at {flops(at_flops)}", f"at {duration(at_seconds)}"]
    leading = [_leading(column, metric) for column in columns]
    told = [_compute_words(bakeoff), _leader_words(leading[0], leading[1], bakeoff.verdict.leader)]
    return {"equal_rows": rows, "equal_heads": heads, "indicative_words": " ".join(filter(None, told))}


def _compute_words(bakeoff: Bakeoff) -> str:
    """How unequal training compute was."""
    ratio = bakeoff.verdict.flops_ratio
    if not is_number(ratio):
        return ""
    known = {"flops": "Training compute was equal", "time": "Training time was equal"}
    is_unequal = ratio > _UNEQUAL_FROM
    unequal = "Training compute was unequal" if is_unequal else "Training compute was much the same"
    words = known.get(bakeoff.plan.budget.get("mode", "none"), unequal)
    times = f"{ratio:.1f}" if is_unequal else f"{ratio:.2f}"
    return f"{words}: the costliest contender takes {times} times the FLOPs of the cheapest for an example."


def _leading(values: Mapping[str, float | None], metric: Metric) -> str:
    """Who leads, or those who share the lead; empty where nothing is known."""
    known = {name: metric.facts.sign * value for name, value in values.items() if is_number(value)}
    return all_of([name for name, value in known.items() if value == max(known.values())])


def _leader_words(at_flops: str, at_time: str, on_test: str | None) -> str:
    """Who leads where; the lead on the test set is that of the verdict, not of validation."""
    if not (at_flops and at_time and on_test):
        return ""
    if at_flops == at_time == on_test:
        return f"{on_test} leads at equal compute and at equal time, as on the test set."
    if at_flops == at_time:
        return f"At equal compute and at equal time the lead is with {at_flops}; on the test set it is with {on_test}."
    return (
        f"At equal compute the lead is with {at_flops}, at equal time with {at_time}; on the test set it is with "
        f"{on_test}."
    )
