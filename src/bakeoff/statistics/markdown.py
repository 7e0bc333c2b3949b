"""The verdict as Markdown, for a README, an issue or a terminal."""

from __future__ import annotations

from typing import Protocol

from bakeoff.statistics.advice import Advice
from bakeoff.statistics.amounts import percent
from bakeoff.statistics.rows import Contender, Pair

STEP_DOWN = (
    "Each interval stands at the level at which its pair was tested (step-down), so that it excludes zero exactly "
    "where the pair is decided; they do not hold all at once."
)


class Verdict(Protocol):
    """What the page reads of a verdict."""

    @property
    def verdict(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def claim(self) -> str: ...
    @property
    def advice(self) -> Advice: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    @property
    def kind(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def contenders(self) -> tuple[Contender, ...]: ...
    @property
    def pairs(self) -> tuple[Pair, ...]: ...
    @property
    def rule(self) -> str: ...
    @property
    def retraining(self) -> str: ...
    @property
    def edition(self) -> int: ...


def verdict_markdown(verdict: Verdict) -> str:
    """Sentence, claim, leaderboard, pairs, the rule that decided, advice and warnings."""
    parts = [
        f"**{verdict.verdict}**. {verdict.sentence}",
        f"This holds {verdict.claim}",
        _leaderboard(verdict),
        _pairs(verdict),
        *([STEP_DOWN] if len(verdict.contenders) > 2 else []),
        *([verdict.retraining] if verdict.retraining else []),
        f"Judged by edition {verdict.edition} of the protocol: {verdict.rule}.",
        f"What would change this verdict: {verdict.advice.text}",
    ]
    if verdict.warnings:
        parts.append("\n".join(f"- {warning}" for warning in verdict.warnings))
    return "\n\n".join(parts) + "\n"


def _leaderboard(verdict: Verdict) -> str:
    runs = "trials" if verdict.kind == "family" else "seeds"
    lines = [
        f"| rank | contender | {verdict.metric} | own interval | sd over {runs} | {runs} |",
        "| ---: | --- | ---: | --- | ---: | ---: |",
    ]
    for row in verdict.contenders:
        name = f"{_cell(row.name)} (unstable)" if row.unstable else _cell(row.name)
        name = f"{name} (left the race, beaten by {_cell(row.beaten_by)})" if row.beaten_by else name
        cells = (
            row.rank,
            name,
            f"{row.mean:.4g}",
            f"{row.low:.4g} to {row.high:.4g}",
            f"{row.seed_sd:.2g}",
            row.num_seeds,
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _pairs(verdict: Verdict) -> str:
    lines = ["| better | than | by | interval | at | p | reading |", "| --- | --- | ---: | --- | ---: | ---: | --- |"]
    for pair in verdict.pairs:
        lines.append(
            f"| {_cell(pair.a)} | {_cell(pair.b)} | {pair.difference:.4g} | {pair.low:.4g} to {pair.high:.4g} "
            f"| {percent(1 - pair.level)} | {pair.p:.2g} | {_reading(pair)} |"
        )
    return "\n".join(lines)


def _reading(pair: Pair) -> str:
    if pair.significant:
        return "better, by less than the margin" if pair.equivalent else "better"
    return "equivalent" if pair.equivalent else "undecided"


def _cell(name: str) -> str:
    """A name that cannot break the table."""
    return name.replace("|", "\\|").replace("\n", " ")
