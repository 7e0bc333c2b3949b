"""Puts estimates, decision, words and warnings together into one verdict; the same for configurations and families."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bakeoff.statistics.advice import Advice, advise
from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.caveats import caveats, failures
from bakeoff.statistics.decisions import Decision, decide
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.options import MIN_SEEDS, Options, Stage
from bakeoff.statistics.rows import Contender, Pair
from bakeoff.statistics.sentences import open_pair, plain_sentence
from bakeoff.statistics.verdicts import Verdict
from bakeoff.statistics.words import EQUIVALENT, WINS, WINS_SMALL

UNSTABLE_SHARE = 0.2
OWN_LEVEL = 0.05
"""Of a contender's own interval, which is no test and so the same whatever error rate the verdict has."""


@dataclass(frozen=True)
class Entry:
    """One contender as estimated: its mean (higher is better), spread of its rows, and number of rows."""

    mean: Estimate
    seed_sd: float
    num_seeds: int


def assemble(
    entries: Mapping[str, Entry],
    compare: Callable[[str, str], Estimate],
    *,
    options: Options,
    kind: str,
    claim: str,
    points: bool,
    warnings: Sequence[str] = (),
    racing: bool = False,
    previous: Verdict | None = None,
) -> Verdict:
    """Rank, compare all pairs, decide and word.

    Args:
        entries: contenders that are still in, by name.
        compare: estimate of the difference of two contenders.
        options: what was fixed beforehand.
        kind: ``configuration`` or ``family``.
        claim: what the verdict is about.
        points: scores are right-or-wrong, so that differences read as percentage points.
        warnings: sentences of the caller, before those found here.
        racing: contenders beaten at this look leave the race.
        previous: verdict at the look before, whose beaten contenders are carried over.
    """
    names = sorted(entries, key=lambda name: (-entries[name].mean.difference, name))
    stage = options.stage([entry.num_seeds for entry in entries.values()])
    estimates = {(a, b): compare(a, b) for a, b in combinations(names, 2)}
    gone = [row for row in previous.contenders if row.beaten_by is not None] if previous else []
    settled = _carried(previous, {row.name for row in gone})
    decision = decide(
        names, estimates, alpha=stage.alpha, margin=options.margin, may_decide=not stage.provisional, settled=settled
    )
    leaves = _leavers(decision, names) if racing and not stage.last else {}
    rows = [_row(name, rank, entries[name], options, leaves) for rank, name in enumerate(names, start=1)]
    rows += [replace(row, rank=rank) for rank, row in enumerate(gone, start=len(rows) + 1)]
    amounts, unit = Amounts(points=points), "trials" if kind == "family" else "seeds"
    return Verdict(
        verdict=decision.word,
        winner=decision.winner,
        equivalent=decision.equivalent,
        pairs=(*decision.pairs, *settled),
        contenders=tuple(rows),
        sentence=_sentence(decision, rows, options, stage, amounts, beaten=[row.name for row in gone], unit=unit),
        claim=claim,
        advice=_advice(decision, options, amounts, stage, unit=unit),
        warnings=(*warnings, *caveats(decision, rows, options, stage)),
        provisional=stage.provisional,
        exploratory=stage.exploratory,
        margin=options.margin,
        alpha=stage.alpha,
        metric=options.metric,
        direction=options.direction,
        kind=kind,
        num_examples=decision.pairs[0].estimate.num_examples,
        look=stage.look,
        last_look=stage.last,
    )


def _sentence(
    decision: Decision,
    rows: Sequence[Contender],
    options: Options,
    stage: Stage,
    amounts: Amounts,
    *,
    beaten: list[str],
    unit: str,
) -> str:
    sentence = plain_sentence(
        decision,
        metric=options.metric,
        amounts=amounts,
        margin=options.margin,
        provisional=stage.provisional,
        beaten=beaten,
        unit=unit,
    )
    unstable = [f"{row.name} is unstable ({failures(row)})." for row in rows if row.unstable]
    return " ".join([*(["Exploratory:"] if stage.exploratory else []), sentence, *unstable])


def _row(name: str, rank: int, entry: Entry, options: Options, leaves: Mapping[str, str]) -> Contender:
    ends = sorted(options.sign * end for end in entry.mean.interval(OWN_LEVEL))
    failed = tuple(map(str, options.failed.get(name, ())))
    return Contender(
        name=name,
        mean=options.sign * entry.mean.difference,
        low=ends[0],
        high=ends[1],
        seed_sd=entry.seed_sd,
        rank=rank,
        num_seeds=entry.num_seeds,
        failed=failed,
        unstable=len(failed) > UNSTABLE_SHARE * entry.num_seeds,
        beaten_by=leaves.get(name),
    )


def _leavers(decision: Decision, names: Sequence[str]) -> dict[str, str]:
    """Who leaves the race, and who beat them (the best of those).

    Should only the leader remain without having beaten everyone itself, then those that it has not beaten stay.
    """
    beaten = {pair.b: pair.a for pair in reversed(decision.pairs) if pair.significant}
    if len(beaten) < len(names) - 1:
        return beaten
    return {name: by for name, by in beaten.items() if by == names[0]}


def _carried(previous: Verdict | None, gone: set[str]) -> list[Pair]:
    """Pairs of contenders that left the race, as they stood at the look that settled them."""
    if previous is None:
        return []
    return [
        replace(pair, num_seeds_when_settled=pair.num_seeds_when_settled or pair.estimate.num_seeds)
        for pair in previous.pairs
        if pair.a in gone or pair.b in gone
    ]


def _advice(decision: Decision, options: Options, amounts: Amounts, stage: Stage, *, unit: str) -> Advice:
    if stage.provisional:
        text = f"At least {MIN_SEEDS} seeds per contender are needed for a verdict; 10 are recommended."
        return Advice(text, "seeds", seeds=MIN_SEEDS)
    if decision.word in (WINS, WINS_SMALL):
        _, end = decision.smallest_lead
        change = "above" if decision.word == WINS else "of at most"
        turn = "make the win small" if decision.word == WINS else "make it a full win"
        return Advice(f"Settled. Only a margin {change} {amounts.size(end)} would {turn}.")
    if decision.word == EQUIVALENT:
        return Advice("Settled. Only a smaller margin would reopen it; it must be fixed before the test is opened.")
    pair = open_pair(decision)
    return advise(
        pair.estimate,
        a=pair.a,
        b=pair.b,
        level=pair.level,
        equivalence_level=pair.equivalence_level or stage.alpha,
        margin=options.margin,
        unit=unit,
    )
