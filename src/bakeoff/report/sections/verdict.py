"""The verdict: its figure, its facts, and a word on a baseline that no contender beats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.record.ruling import Ruling
from bakeoff.report.analysis.spread import are_many
from bakeoff.report.figures.scores import scores_figure
from bakeoff.report.numbers import Metric, count, duration, is_number
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff
from bakeoff.report.sections.leaderboard import best_row, mean_of
from bakeoff.report.words import budget_words


def verdict_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """The headline's figure and facts."""
    verdict = bakeoff.verdict
    drawn = [row for row in bakeoff.contenders if metric.name in row.test]
    is_family = verdict.kind == "family"
    scale = f"expected test {metric.label} of the best of {verdict.best_of}" if is_family else f"test {metric.label}"
    together = are_many([*bakeoff.contenders, *bakeoff.baselines], metric=metric.name)
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
        "ruling": Ruling.found(bakeoff.folder),
        "unbeaten_baseline": _unbeaten_baseline(bakeoff, metric),
        "is_family": is_family,
        "are_many": together,
    }


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
    runs = sorted({row["num_seeds"] for row in bakeoff.verdict.contenders if row.get("num_seeds")})
    words = " to ".join(map(str, dict.fromkeys([runs[0], runs[-1]]))) if runs else str(bakeoff.plan.num_runs)
    return f"{words}, judged by the best of {bakeoff.verdict.best_of}" if bakeoff.verdict.kind == "family" else words


def _unbeaten_baseline(bakeoff: Bakeoff, metric: Metric) -> str:
    """A sentence for the headline if no contender's mean is better than that of the best baseline, else nothing."""
    contender, baseline = best_row(bakeoff.contenders, metric), best_row(bakeoff.baselines, metric)
    if contender is None or baseline is None:
        return ""
    gain = (mean_of(contender, metric) or 0.0) - (mean_of(baseline, metric) or 0.0)
    if metric.facts.sign * gain > 0:
        return ""
    best = f"the best contender, {contender.name}, reaches {metric.value(mean_of(contender, metric))}"
    reached = metric.value(mean_of(baseline, metric))
    return f"No contender is better than the baseline {baseline.name}, which reaches {reached}; {best}."
