"""Puts estimates, decision, words and warnings together into one verdict; the same for configurations and families."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bakeoff.statistics.caveats import caveats
from bakeoff.statistics.decisions import Decision, decide
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.information import FUTILE, Spending, chance_of_decision
from bakeoff.statistics.options import Options, Stage
from bakeoff.statistics.retraining import retraining_sentence
from bakeoff.statistics.rows import Contender, Pair
from bakeoff.statistics.setting import Setting
from bakeoff.statistics.verdicts import Verdict
from bakeoff.statistics.wording import Wording

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
    setting: Setting,
    previous: Verdict | None = None,
) -> Verdict:
    """Rank, compare all pairs, decide and word.

    Args:
        entries: contenders that are still in, by name.
        compare: estimate of the difference of two contenders.
        options: what was fixed beforehand.
        setting: what the comparison is about.
        previous: verdict at the look before, whose beaten contenders are carried over.
    """
    names = sorted(entries, key=lambda name: (-entries[name].mean.difference, name))
    stage = options.stage([entry.num_seeds for entry in entries.values()])
    estimates = {(a, b): compare(a, b) for a, b in combinations(names, 2)}
    gone = [row for row in previous.contenders if row.beaten_by is not None] if previous else []
    settled = _carried(previous, {row.name for row in gone})
    spending, may_decide = _spending(options, stage), not stage.provisional and setting.enough_units
    decision = decide(
        names,
        estimates,
        alpha=stage.alpha,
        margin=options.margin,
        may_decide=may_decide,
        settled=settled,
        spending=spending,
    )
    chance = _chance(decision, spending, options, stage, may_decide=may_decide)
    futile = chance is not None and options.futility and chance < FUTILE
    leaves = _leavers(decision, names) if setting.racing and not stage.last and setting.enough_units else {}
    rows = [_row(name, rank, entries[name], options, setting, leaves) for rank, name in enumerate(names, start=1)]
    rows += [replace(row, rank=rank) for rank, row in enumerate(gone, start=len(rows) + 1)]
    wording = Wording(decision, options, stage, setting, futile=futile)
    pair = wording.pair
    return Verdict(
        verdict=decision.word,
        winner=decision.winner,
        equivalent=decision.equivalent,
        pairs=(*decision.pairs, *settled),
        contenders=tuple(rows),
        sentence=wording.sentence(rows, beaten=[row.name for row in gone]),
        claim=setting.claim,
        advice=wording.advice(),
        warnings=(*setting.warnings, *caveats(decision, rows, options, stage, setting=setting)),
        provisional=stage.provisional,
        exploratory=stage.exploratory,
        margin=options.margin,
        alpha=stage.alpha,
        metric=options.metric,
        direction=options.direction,
        kind=setting.kind,
        num_examples=setting.units.num_examples,
        look=stage.look,
        last_look=stage.last,
        edition=options.edition,
        unit=setting.units.name,
        num_units=setting.units.count,
        score_range=(setting.guard.low, setting.guard.high) if setting.guard.bounded else None,
        points=setting.points,
        rule=setting.rule(pair.estimate.num_seeds),
        chance=chance,
        futile=futile,
        retraining=retraining_sentence(pair.a, pair.b, pair.estimate, units=setting.units.plural, runs=setting.runs),
    )


def _spending(options: Options, stage: Stage) -> Spending | None:
    if options.looks is None or not options.looks.by_information or stage.look is None:
        return None
    return Spending(options.looks.seeds, stage.look)


def _chance(
    decision: Decision, spending: Spending | None, options: Options, stage: Stage, *, may_decide: bool
) -> float | None:
    """Chance that a further look decides, at most: that of the leader's pair which is least likely to be settled.

    The leader can only win, or be equivalent to, those that nobody has beaten; whoever else wins must beat it.
    """
    if spending is None or stage.last or decision.settles:
        return None
    if not may_decide:
        return 0.0
    beaten = {pair.b for pair in decision.pairs if pair.significant}
    leader = decision.pairs[0].a
    rivals = [pair for pair in decision.pairs if pair.a == leader and pair.b not in beaten]
    return min(
        (
            chance_of_decision(
                pair.estimate,
                spending,
                share=pair.share or stage.alpha,
                equivalence_share=stage.alpha,
                margin=options.margin,
            )
            for pair in rivals
        ),
        default=1.0,
    )


def _row(
    name: str, rank: int, entry: Entry, options: Options, setting: Setting, leaves: Mapping[str, str]
) -> Contender:
    ends = sorted(options.sign * end for end in entry.mean.interval(OWN_LEVEL))
    low, high = setting.guard.clip(*ends)
    failed = tuple(map(str, options.failed.get(name, ())))
    return Contender(
        name=name,
        mean=options.sign * entry.mean.difference,
        low=low,
        high=high,
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
