"""How sure the verdict is: every pair's difference, its interval, and where the doubt comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.record.verdict import RecordedPair, RecordedVerdict
from bakeoff.report.figures.pairs import pairs_figure
from bakeoff.report.numbers import Metric, is_number
from bakeoff.report.reading import Bakeoff


@dataclass(frozen=True)
class Doubt:
    """How a pair's variance divides between the seeds and the test examples; the shares sum to 1."""

    seeds: float
    examples: float


def evidence_context(bakeoff: Bakeoff, metric: Metric) -> dict[str, Any]:
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
    return {
        "figures": figures,
        "pairs": pairs,
        "doubts": [doubt(p) for p in pairs],
        "ranked": ranked,
        "matrix": matrix,
        "sure": sure_words(verdict),
    }


def sure_words(verdict: RecordedVerdict) -> list[str]:
    """What was independent, the rule that decided, and what training again would give; nothing of the first edition."""
    if verdict.edition < 2:
        return []
    what = "test examples" if verdict.unit == "example" else f"{verdict.unit}s"
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
