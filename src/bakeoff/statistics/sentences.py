"""The verdict in words that a newcomer understands, and the claim it licenses (rules 9, 10, 14, 17)."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.decisions import Decision
from bakeoff.statistics.options import MIN_SEEDS
from bakeoff.statistics.rows import Pair
from bakeoff.statistics.words import EQUIVALENT, WINS_SMALL

CONFIGURATION_CLAIM = (
    "for these configurations; tuning luck not included. It covers new seeds and new test examples like these, "
    "not other settings of the same models."
)


def family_claim(m: int, num_trials: int) -> str:
    """What the family verdict is about (rule 9)."""
    return (
        f"for the best of {m} by validation among random trials of each contender's search space (estimated from "
        f"{num_trials} trials each); tuning luck, seeds and test examples are included."
    )


def plain_sentence(
    decision: Decision,
    *,
    metric: str,
    amounts: Amounts,
    margin: float | None,
    provisional: bool,
    beaten: Sequence[str] = (),
    unit: str = "seeds",
    units: str = "test examples",
) -> str:
    """The verdict in one or two sentences.

    Args:
        decision: word and pairs; at least one pair.
        metric: name of the score.
        amounts: how to write differences.
        margin: smallest difference that matters.
        provisional: too few seeds to name a winner.
        beaten: contenders that left a race earlier.
        unit: what a row of scores is, ``seeds`` or ``trials`` of a search.
        units: what a column is, ``test examples`` or a kind of cluster.
    """
    if decision.winner is not None:
        return _win(decision, metric, amounts, margin, beaten, unit, units)
    if decision.word == EQUIVALENT:
        return _equivalent(decision, metric, amounts, margin, beaten)
    pair = open_pair(decision)
    tied = pair.difference == 0
    lead = f"{pair.a} leads {pair.b} by {amounts.size(pair.difference)} of {metric}"
    lead = f"{pair.a} and {pair.b} have the same mean {metric}" if tied else lead
    shown = amounts.interval(pair.low, pair.high, pair.level)
    if provisional:
        few = f"fewer than {MIN_SEEDS} seeds cannot tell skill from luck"
        return f"Provisional, no winner is named: {lead} ({shown}), and {few}."
    behind = _behind(decision, [pair.a, pair.b], beaten)
    if tied:
        return f"No winner yet: {lead} ({shown} for the difference), so either may be better.{behind}"
    return (
        f"No winner yet: {lead}, but the interval of that lead includes zero ({shown}), so it may be luck of the "
        f"{unit} or of the {units}.{behind}"
    )


def open_pair(decision: Decision) -> Pair:
    """The first pair, from the best down, that keeps the verdict open: unbeaten, both, and not shown equivalent."""
    beaten = {pair.b for pair in decision.pairs if pair.significant}
    still_open = [p for p in decision.pairs if p.a not in beaten and p.b not in beaten and not p.equivalent]
    unsettled = [p for p in decision.pairs if not p.significant]
    return (still_open or unsettled or list(decision.pairs))[0]


def _win(
    decision: Decision,
    metric: str,
    amounts: Amounts,
    margin: float | None,
    beaten: Sequence[str],
    unit: str,
    units: str,
) -> str:
    rivals = [pair for pair in decision.pairs if pair.a == decision.winner]
    nearest = min(rivals, key=lambda pair: pair.difference)
    others = len(rivals) - 1 + len(beaten)
    shown = amounts.interval(nearest.low, nearest.high, nearest.level)
    lead = f"its {metric} is better than that of {nearest.b} by {amounts.size(nearest.difference)} ({shown})"
    rest = (
        ""
        if others == 0
        else ", and it beats the other one too"
        if others == 1
        else f", and it beats the other {others} too"
    )
    if decision.word == WINS_SMALL and margin is not None:
        return (
            f"{decision.winner} wins, but by less than matters: {lead}{rest}; over {decision.smallest_lead[0]} "
            f"the lead is below the margin of {amounts.size(margin)}."
        )
    ahead = f"With new {unit} and new {units} it would be expected to stay ahead."
    return f"{decision.winner} wins: {lead}{rest}. {ahead}"


def _equivalent(decision: Decision, metric: str, amounts: Amounts, margin: float | None, beaten: Sequence[str]) -> str:
    inside = [p for p in decision.pairs if p.a in decision.equivalent and p.b in decision.equivalent]
    shown = {id(pair): pair.estimate.interval_equivalent(2 * (pair.equivalence_level or 0.05)) for pair in inside}
    widest = max(inside, key=lambda pair: max(map(abs, shown[id(pair)])))
    level = 2 * (widest.equivalence_level or 0.05)
    low, high = shown[id(widest)]
    names = ", ".join(decision.equivalent[:-1]) + f" and {decision.equivalent[-1]}"
    pair = "" if len(inside) == 1 else f" for {widest.a} over {widest.b}, the widest"
    return (
        f"{names} are equivalent: their {metric} differs by less than the margin of {amounts.size(margin or 0.0)} "
        f"({amounts.interval(low, high, level)}{pair}), so choose by cost, size or latency."
        f"{_behind(decision, decision.equivalent, beaten)}"
    )


def _behind(decision: Decision, named: Sequence[str], beaten: Sequence[str]) -> str:
    worse = sorted(({pair.b for pair in decision.pairs if pair.significant} | set(beaten)) - set(named))
    if not worse:
        return ""
    return f" Shown to be worse than at least one other: {', '.join(worse)}."
