"""What the sections on scores, pairs, costs and learning need: their figures, rows and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bakeoff.report.figures.costs import cost_figure
from bakeoff.report.figures.curves import curves_figure
from bakeoff.report.figures.pairs import pairs_figure
from bakeoff.report.figures.scores import scores_figure
from bakeoff.report.numbers import Metric, count, duration, flops, is_number
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff
from bakeoff.report.records import Row
from bakeoff.report.sections.latency import ratios_by_size
from bakeoff.report.sections.learning import AXES, Curve, learning_curves
from bakeoff.report.sections.many import MANY, are_many, spread
from bakeoff.report.sections.pareto import costs, front
from bakeoff.report.sections.tables import doubt, pair_matrix, tracks
from bakeoff.report.words import budget_words


@dataclass(frozen=True)
class CostPanel:
    """One small multiple and the names on its Pareto front, cheapest first."""

    figure: Markup
    front: tuple[str, ...]


def scores_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """The headline's figure and facts, and the leaderboard."""
    verdict = bakeoff.verdict
    drawn = [row for row in bakeoff.contenders if metric.name in row.test]
    rows = [*bakeoff.contenders, *bakeoff.baselines]
    names = dict.fromkeys([metric.name, *(name for row in rows for name in row.test)])
    is_family = verdict.kind == "family"
    scale = f"expected test {metric.label} of the best of {verdict.best_of}" if is_family else f"test {metric.label}"
    together = are_many(rows, metric=metric.name)
    figures = {
        f"scores_{kind}": scores_figure(
            drawn, metric=metric, looks=looks, scale=scale, is_narrow=kind == "narrow", together=together
        )
        for kind in ("wide", "narrow")
        if drawn
    }
    return {
        "figures": figures,
        "facts": _facts(bakeoff),
        "contenders": bakeoff.contenders,
        "baselines": bakeoff.baselines,
        "metrics": [metric, *(Metric.named(name) for name in names if name != metric.name)],
        "tracks": tracks(rows, metric=metric),
        "ranks": {row["name"]: row.get("rank") for row in verdict.contenders},
        "seed_sd": {row["name"]: row.get("seed_sd") for row in verdict.contenders},
        "leaderboard_words": leaderboard_words(bakeoff, metric),
        "unbeaten_baseline": _unbeaten_baseline(bakeoff, metric),
        "is_family": is_family,
        "are_many": together,
        "spreads": {row.name: spread(row.test[metric.name].values) for row in rows if metric.name in row.test},
        "num_columns": max((len(row.test[metric.name].values) for row in rows if metric.name in row.test), default=0),
    }


def pairs_context(bakeoff: Bakeoff, metric: Metric) -> dict[str, Any]:
    """The interval forest, the table of pairs and the pairwise matrix; every pair as seen from its better contender."""
    verdict = bakeoff.verdict
    pairs = [pair.seen_from(pair.b) if (pair.difference or 0) < 0 else pair for pair in verdict.pairs]
    ranked = [row.name for row in bakeoff.contenders]
    figures = {
        f"pairs_{kind}": pairs_figure(pairs, metric=metric, margin=verdict.margin, is_narrow=kind == "narrow")
        for kind in ("wide", "narrow")
        if pairs
    }
    matrix = pair_matrix(ranked, pairs)
    return {"figures": figures, "pairs": pairs, "doubts": [doubt(p) for p in pairs], "ranked": ranked, "matrix": matrix}


def costs_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """The small multiples and the indicative rows at equal compute and time."""
    panels = [
        CostPanel(
            cost_figure(cost, metric=metric, looks=looks), tuple(p.name for p in front(cost.points, metric=metric))
        )
        for cost in costs([*bakeoff.contenders, *bakeoff.baselines], metric=metric)
    ]
    return {"cost_panels": panels, "ratios": ratios_by_size(bakeoff.contenders), **_indicative(bakeoff)}


def learning_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """One figure an axis, contenders in the order of the leaderboard and then the baselines; what ``bands`` span."""
    rows = [*bakeoff.contenders, *bakeoff.baselines]
    found = {row.name: learning_curves(bakeoff.typical_trials(row.name), metric=metric.name) for row in rows}
    baselines = {row.name for row in bakeoff.baselines}
    figures = []
    for axis in AXES:
        curves: dict[str, Curve] = {name: by_axis[axis] for name, by_axis in found.items() if axis in by_axis}
        if curves:
            figures.append(curves_figure(curves, axis=axis, metric=metric, looks=looks, baselines=baselines))
    drawn = {name: by_axis for name, by_axis in found.items() if by_axis}
    counts = [curve.num_seeds for name, by_axis in drawn.items() if name not in baselines for curve in by_axis.values()]
    bands = {"all": min(counts, default=0) < MANY, "middle": max(counts, default=0) >= MANY}
    return {"curve_figures": figures, "curve_names": list(drawn), "bands": bands, "many": MANY}


def _facts(bakeoff: Bakeoff) -> list[tuple[str, str]]:
    plan = bakeoff.plan
    seconds = [trial.train_seconds for trial in bakeoff.trials if is_number(trial.train_seconds)]
    return [
        ("held equal", budget_words(plan)),
        (f"{plan.run_word}s for each", _runs_words(bakeoff)),
        ("trials", count(sum(trial.status != "missing" for trial in bakeoff.trials))),
        ("test examples", count(plan.spec.get("num_test"))),
        ("training, all trials", duration(sum(seconds)) if seconds else duration(None)),
    ]


def _runs_words(bakeoff: Bakeoff) -> str:
    """``5``, ``5 to 10`` where some left a race, ``12, judged by the best of 3`` where they were tuned."""
    if bakeoff.verdict.kind == "family":
        return f"{bakeoff.plan.num_tuning}, judged by the best of {bakeoff.verdict.best_of}"
    runs = sorted({row["num_seeds"] for row in bakeoff.verdict.contenders if row.get("num_seeds")})
    return " to ".join(map(str, dict.fromkeys([runs[0], runs[-1]]))) if runs else str(bakeoff.plan.num_runs)


def leaderboard_words(bakeoff: Bakeoff, metric: Metric) -> str:
    """What the simplest things reach, so that the contenders' numbers mean something."""
    sentences = []
    best = _best(bakeoff.baselines, metric)
    if best:
        sentences.append(f"The best baseline, {best.name}, reaches {metric.value(_mean(best, metric))}.")
    if is_number(bakeoff.verdict.trivial):
        words = bakeoff.verdict.trivial_words
        sentences.append(f"{words[:1].upper()}{words[1:]} gives {metric.value(bakeoff.verdict.trivial)}.")
    return " ".join(sentences) or "No baseline was run beside the contenders."


def _unbeaten_baseline(bakeoff: Bakeoff, metric: Metric) -> str:
    """A sentence for the headline if no contender's mean is better than that of the best baseline, else nothing."""
    contender, baseline = _best(bakeoff.contenders, metric), _best(bakeoff.baselines, metric)
    if contender is None or baseline is None:
        return ""
    gain = (_mean(contender, metric) or 0.0) - (_mean(baseline, metric) or 0.0)
    if (-gain if metric.is_lower_better else gain) > 0:
        return ""
    best = f"the best contender, {contender.name}, reaches {metric.value(_mean(contender, metric))}"
    reached = metric.value(_mean(baseline, metric))
    return f"No contender is better than the baseline {baseline.name}, which reaches {reached}; {best}."


def _best(rows: Sequence[Row], metric: Metric) -> Row | None:
    known = [row for row in rows if metric.name in row.test and is_number(_mean(row, metric))]
    best = min if metric.is_lower_better else max
    return best(known, key=lambda row: _mean(row, metric) or 0.0) if known else None


def _mean(row: Row, metric: Metric) -> float | None:
    return row.test[metric.name].mean


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
