"""The verdict as a page of Markdown beside the report, for READMEs, pull requests and issues."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bakeoff.files import atomic_writer
from bakeoff.record.layout import SUMMARY
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.verdict import LeaderboardRow
from bakeoff.report.analysis.latency import untimed_words
from bakeoff.report.numbers import Metric, count, duration, milliseconds, probability, prose, share
from bakeoff.report.reading import Bakeoff, read_bakeoff
from bakeoff.report.sections.leaderboard import leaderboard_words
from bakeoff.report.sections.race import race_context
from bakeoff.report.sections.stamps import stamps
from bakeoff.report.sections.tuning import crossing_words, curve_sizes, edge_words, told_curves
from bakeoff.report.words import FAMILY_NAMES, budget_words, question, reading

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")


def write_markdown(folder: Path) -> Path:
    """Write ``verdict.md`` into the folder of a finished bakeoff; the same folder gives the same bytes.

    Raises:
        DataError: There is no plan or verdict, or one of another schema.
    """
    path = Path(folder) / SUMMARY
    page = markdown(read_bakeoff(Path(folder)))
    with atomic_writer(path) as file:
        file.write(page.encode("utf-8", errors="replace"))
    return path


def markdown(bakeoff: Bakeoff) -> str:
    """Question, word, sentence, stamps, claim, leaderboard, pairs, tuning, race, advice, warnings and the command."""
    verdict, metric = bakeoff.verdict, bakeoff.metric
    board = [*bakeoff.contenders, *bakeoff.baselines]
    parts = [
        f"## {_text(question(bakeoff.plan))}",
        f"**{_text(verdict.verdict)}**. {_text(verdict.sentence)}",
        _bullets(
            [f"**{_text(stamp.label)}**{': ' if stamp.note else ''}{_text(stamp.note)}" for stamp in stamps(bakeoff)]
        ),
        f"What may be claimed: {_text(verdict.claim)}" if verdict.claim else "",
        _leaderboard(bakeoff, metric),
        _text(" ".join([leaderboard_words(bakeoff, metric), *untimed_words(bakeoff.plan, board)])),
        _pairs(bakeoff, metric),
        _tuning(bakeoff, metric),
        _text(race_context(bakeoff).get("race_words", "")),
        _titled("What would change this verdict", verdict.advice),
        _titled("Warnings", verdict.warnings),
        _origin(bakeoff.plan),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _leaderboard(bakeoff: Bakeoff, metric: Metric) -> str:
    is_family = bakeoff.verdict.kind == "family"
    quality = f"test {metric.label}" + (f", best of {bakeoff.verdict.best_of}" if is_family else "")
    heads = ["contender", "family", quality, "interval", "parameters", "training", "latency, 1"]
    rows = [*bakeoff.contenders, *bakeoff.baselines]
    return _table(heads, [_row(row, metric) for row in rows], right=range(2, 7))


def _row(row: LeaderboardRow, metric: Metric) -> list[str]:
    found = row.test.get(metric.name)
    bounds = (found.low, found.high) if found else (None, None)
    family = "baseline" if row.is_baseline else FAMILY_NAMES.get(row.family, row.family)
    return [
        _text(row.name),
        _text(family),
        metric.value(found.mean if found else None),
        metric.interval(*bounds),
        count(row.params),
        duration(row.train_seconds),
        milliseconds(row.latency_ms.get("1")),
    ]


def _pairs(bakeoff: Bakeoff, metric: Metric) -> str:
    pairs = [pair.seen_from(pair.b) if (pair.difference or 0) < 0 else pair for pair in bakeoff.verdict.pairs]
    rows = [
        [
            f"{_text(pair.a)} − {_text(pair.b)}",
            metric.difference(pair.difference),
            f"{metric.difference(pair.low, unit=False)} to {metric.difference(pair.high, unit=False)}",
            share(1 - pair.level),
            probability(pair.p),
            reading(pair),
        ]
        for pair in pairs
    ]
    heads = ["pair", "difference", "interval", "at", "p", "reading"]
    return _table(heads, rows, right=range(1, 5)) if rows else ""


def _tuning(bakeoff: Bakeoff, metric: Metric) -> str:
    curves = told_curves(bakeoff)
    if not curves:
        return ""
    sizes = curve_sizes(curves, best_of=bakeoff.verdict.best_of)
    rows = []
    for name, points in curves.items():
        means = {int(point["m"]): metric.value(point["mean"]) for point in points}
        rows.append([_text(name), *(means.get(size, "—") for size in sizes)])
    table = _table(["best of", *map(str, sizes)], rows, right=range(1, len(sizes) + 1))
    edges = [f"{_text(name)}: {_text(words)}" for name, words in edge_words(bakeoff)]
    return "\n\n".join(filter(None, [table, _text(crossing_words(bakeoff, metric)), _bullets(edges)]))


def _origin(plan: RecordedPlan) -> str:
    """Where the figures come from, and the command in a code block that no backtick of it can close."""
    held = f"Held equal: {_text(budget_words(plan))}. Bakeoff `{re.sub(r'[^0-9A-Za-z-]', '', plan.bakeoff_id)}`"
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", plan.command))])
    command = "\n".join([fence, " ".join(plan.command.split()), fence])
    return f"{held}, {_text(plan.created[:10])}." + (f"\n\n{command}" if plan.command else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> str:
    rule = ["---:" if place in right else "---" for place in range(len(heads))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heads, rule, *rows))


def _titled(title: str, lines: Sequence[str]) -> str:
    return f"{title}:\n\n{_bullets([_text(line) for line in lines])}" if lines else ""


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _text(text: str) -> str:
    """Text from data on one line, so that it can be neither markup nor HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(prose(str(text)).replace("&", "&amp;").split()))
