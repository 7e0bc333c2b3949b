"""The verdict as a page of Markdown beside the report, for READMEs, pull requests and issues."""

from __future__ import annotations

import re
from pathlib import Path

from bakeoff.record.layout import SUMMARY
from bakeoff.record.ruling import Ruling
from bakeoff.report.analysis.latency import untimed_words
from bakeoff.report.pages.rendering import text_environment, write_page
from bakeoff.report.reading import Bakeoff, read_bakeoff
from bakeoff.report.sections.leaderboard import leaderboard_words
from bakeoff.report.sections.race import race_context
from bakeoff.report.sections.stamps import stamps
from bakeoff.report.sections.tuning import crossing_words, curve_sizes, edge_words, told_curves
from bakeoff.report.words import budget_words, question


def write_markdown(folder: Path) -> Path:
    """Write ``verdict.md`` into the folder of a finished bakeoff; the same folder gives the same bytes.

    Raises:
        DataError: There is no plan or verdict, or one of another schema.
    """
    return write_page(Path(folder) / SUMMARY, markdown(read_bakeoff(Path(folder))))


def markdown(bakeoff: Bakeoff) -> str:
    """Question, word, sentence, stamps, claim, leaderboard, pairs, tuning, race, advice, warnings and the command."""
    plan, verdict, metric = bakeoff.plan, bakeoff.verdict, bakeoff.metric
    board, curves = [*bakeoff.contenders, *bakeoff.baselines], told_curves(bakeoff)
    is_family = verdict.kind == "family"
    page = text_environment().get_template("verdict.md.j2")
    text = page.render(
        plan=plan,
        verdict=verdict,
        metric=metric,
        question=question(plan),
        ruling=Ruling.found(bakeoff.folder),
        stamps=stamps(bakeoff),
        quality=f"test {metric.label}" + (f", best of {verdict.best_of}" if is_family else ""),
        board=board,
        leaderboard_words=" ".join([leaderboard_words(bakeoff, metric), *untimed_words(plan, board)]),
        pairs=[pair.from_better for pair in verdict.pairs],
        curves=curves,
        curve_sizes=curve_sizes(curves, best_of=verdict.best_of),
        crossing_words=crossing_words(bakeoff, metric),
        edge_words=edge_words(bakeoff),
        race_words=race_context(bakeoff).get("race_words", ""),
        budget_words=budget_words(plan),
        bakeoff_id=re.sub(r"[^0-9A-Za-z-]", "", plan.bakeoff_id),
        fence="`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", plan.command))]),  # that no backtick closes
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
