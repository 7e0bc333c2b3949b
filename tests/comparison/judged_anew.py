"""Finished bakeoffs judged by both editions of the protocol, from what their folders store, as Markdown.

``python -m tests.comparison.judged_anew outputs/demo outputs/tweets``
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bakeoff.comparison.judging.derivation import Evidence, judge
from bakeoff.comparison.judging.margin import margin_of
from bakeoff.comparison.judging.opening import read_scores
from bakeoff.comparison.judging.rescoring import selected_again
from bakeoff.comparison.judging.scoring import scored_trials
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.statistics import Verdict

EDITIONS = (1, 2)


def judged_by(folder: Path, edition: int) -> Verdict:
    """The verdict of a finished bakeoff by the rules of an edition, its margin included.

    Args:
        folder: the bakeoff's.
        edition: 1 or 2.
    """
    bakeoff = RecordedBakeoff.read(folder)
    bakeoff = replace(bakeoff, plan=replace(bakeoff.plan, edition=edition))
    trials = scored_trials(bakeoff)
    validation, margin = selected_again(bakeoff, trials, None), margin_of(bakeoff, None).value
    return judge(Evidence(bakeoff, read_scores(folder), trials, margin, validation)).verdict


def times_asked(verdict: Verdict) -> float:
    """How many times the seeds or the test examples that were run an advice asks for, whichever is more."""
    seeds, units = max(row.num_seeds for row in verdict.contenders), verdict.num_units
    return max((verdict.advice.seeds or seeds) / seeds, (verdict.advice.examples or units) / units)


def page(folder: Path) -> Iterator[str]:
    """A bakeoff's lines: its size and margins, then what each edition says, pair by pair."""
    verdicts = [judged_by(folder, edition) for edition in EDITIONS]
    first, second = verdicts
    seeds = max(row.num_seeds for row in first.contenders)
    yield f"## {folder.name}\n"
    yield (
        f"{first.metric}, {seeds} seeds, {first.num_examples:,} test examples; margin {_number(first.margin)} by "
        f"edition 1, {_number(second.margin)} by edition 2.\n"
    )
    yield "| | edition 1 | edition 2 |\n| --- | --- | --- |"
    yield _row("verdict", [f"{verdict.verdict} {verdict.winner or ''}".strip() for verdict in verdicts])
    for pair in first.pairs:
        yield _row(f"{pair.a} - {pair.b}", [_pair(verdict, pair.a, pair.b) for verdict in verdicts])
    yield _row("sentence", [verdict.sentence for verdict in verdicts])
    yield _row("advice", [verdict.advice.text or "none" for verdict in verdicts])
    yield _row("asks for, times what was run", [f"{times_asked(verdict):,.1f}" for verdict in verdicts]) + "\n"


def _pair(verdict: Verdict, a: str, b: str) -> str:
    pair = next(pair for pair in verdict.pairs if {pair.a, pair.b} == {a, b})
    sign = 1.0 if pair.a == a else -1.0
    low, high = sorted((sign * pair.low, sign * pair.high))
    return f"{sign * pair.difference:+.5f} ({low:+.5f} to {high:+.5f}, {1 - pair.level:.1%})".replace("%", " %")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.5f}"


def _row(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    for given in parser.parse_args().folders:
        print("\n".join(page(given)))
