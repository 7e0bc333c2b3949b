"""How sure the verdict is: every pair's difference, its interval, and where the doubt comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.record.verdict import RecordedPair, RecordedVerdict
from bakeoff.report.analysis.widths import Widths, simultaneous, told_pair, widths_of
from bakeoff.report.figures.pairs import pairs_figure
from bakeoff.report.figures.widths import widths_figure
from bakeoff.report.numbers import Metric, count, is_number
from bakeoff.report.reading import Bakeoff


@dataclass(frozen=True)
class Doubt:
    """How a pair's variance divides between the seeds and the test examples; the shares sum to 1."""

    seeds: float
    examples: float


def evidence_context(bakeoff: Bakeoff, metric: Metric) -> dict[str, Any]:
    """The interval forest, the table of pairs and the pairwise matrix; every pair as seen from its better contender."""
    verdict = bakeoff.verdict
    pairs = [pair.from_better for pair in verdict.pairs]
    ranked = [row.name for row in bakeoff.contenders]
    at_once = [_at_once(pair, bakeoff) for pair in pairs]
    figures = {
        f"pairs_{kind}": pairs_figure(
            pairs, at_once=at_once, metric=metric, margin=verdict.margin, is_narrow=kind == "narrow"
        )
        for kind in ("wide", "narrow")
        if pairs
    }
    told = told_pair(verdict)
    widths = widths_of(told, num_units=verdict.num_units) if told and verdict.edition > 1 else None
    if widths:
        words = doubt_words(bakeoff)
        figures |= {
            f"widths_{kind}": widths_figure(
                widths, metric=metric, margin=verdict.margin, words=words, is_narrow=kind == "narrow"
            )
            for kind in ("wide", "narrow")
        }
    matrix = pair_matrix(ranked, pairs)
    return {
        "figures": figures,
        "at_once": at_once,
        "widths": widths,
        "unit_words": unit_words(bakeoff),
        "width_words": width_words(widths, bakeoff, metric) if widths else "",
        "pairs": pairs,
        "doubts": [doubt(p) for p in pairs],
        "ranked": ranked,
        "matrix": matrix,
        "sure": sure_words(verdict),
    }


def _at_once(pair: RecordedPair, bakeoff: Bakeoff) -> tuple[float, float] | None:
    """The interval that holds together with those of all pairs; that of a single pair is its own."""
    if len(bakeoff.verdict.contenders) < 3:
        return None
    return simultaneous(pair, bakeoff.plan, bakeoff.verdict)


def unit_words(bakeoff: Bakeoff) -> str:
    """What is independent in the test set, in the plural."""
    return "test examples" if bakeoff.verdict.unit == "example" else f"{bakeoff.verdict.unit}s"


def doubt_words(bakeoff: Bakeoff) -> dict[str, str]:
    """What the parts of a variance are called in this bakeoff."""
    units = unit_words(bakeoff).removeprefix("test ")
    return {"runs": f"{bakeoff.plan.run_word}s", "both": "single answers", "units": units, "guard": "guard"}


def width_words(found: Widths, bakeoff: Bakeoff, metric: Metric) -> str:
    """What twice as many of either would make of the interval, and what no number of seeds can."""
    words, units = doubt_words(bakeoff), unit_words(bakeoff)
    more = {runs: metric.size(found.at(2, runs=runs)) for runs in (True, False)}
    limit, limited_by = max((found.endless_runs, words["runs"]), (found.endless_units, units))
    return (
        f"Between {found.pair.a} and {found.pair.b} the interval is ±{metric.size(found.today)} today, with "
        f"{count(found.num_runs)} {words['runs']} each and {count(found.num_units)} {units}. Twice the {words['runs']} "
        f"would make it about ±{more[True]}, twice the {units} ±{more[False]}; no number of {limited_by} brings it "
        f"below ±{metric.size(limit)}."
    )


def sure_words(verdict: RecordedVerdict) -> list[str]:
    """What was independent, the rule that decided, and what training again would give; nothing of the first edition."""
    if verdict.edition < 2:
        return []
    inside = f", with {count(verdict.raw.get('num_examples'))} test examples in all"
    what = "test examples" if verdict.unit == "example" else f"{verdict.unit}s{inside}"
    rule = f"Decided by a {verdict.rule}." if verdict.rule else ""
    units = f"What is independent in the test: {verdict.num_units:,} {what}." if verdict.num_units else ""
    return [line for line in (" ".join(filter(None, (units, rule))), verdict.retraining) if line]


def doubt(pair: RecordedPair) -> Doubt | None:
    """The variance split of a pair (STATISTICS.md, rules 12 and 18), or ``None`` where it is not recorded."""
    if not (is_number(pair.v_a) and is_number(pair.v_b) and is_number(pair.vex)):
        return None
    seeds = pair.v_a + pair.v_b
    examples = max(pair.vex - (pair.c or 0.0), 0.0)
    whole = seeds + examples
    return Doubt(seeds / whole, examples / whole) if whole > 0 else None


def pair_matrix(names: Sequence[str], pairs: Sequence[RecordedPair]) -> list[list[RecordedPair | None]]:
    """Every contender against every other, each cell as seen from its row."""
    known = {(a, b): pair.seen_from(a) for pair in pairs for a, b in ((pair.a, pair.b), (pair.b, pair.a))}
    return [[known.get((a, b)) for b in names] for a in names]
