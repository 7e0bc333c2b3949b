"""Checks of what came out: no room to be better, no better than simple things, too little to tell."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.record.evidence import few
from bakeoff.record.verdict import LeaderboardRow
from bakeoff.report.checks.check import Check
from bakeoff.report.reading import Bakeoff

SATURATED = 0.99
"""Of a perfect answer's value."""
FEWEST_ERRORS = 30
HEAVIEST = 0.2
POORLY_CALIBRATED = 0.1
FEWEST_SEEDS = 5


def _mean(bakeoff: Bakeoff, row: LeaderboardRow) -> float | None:
    return row.quality(bakeoff.plan.metric).mean


def _best(bakeoff: Bakeoff) -> tuple[str, float] | None:
    """The best contender by its mean."""
    sign = bakeoff.metric.facts.sign
    means = {row.name: mean for row in bakeoff.contenders if (mean := _mean(bakeoff, row)) is not None}
    return max(means.items(), key=lambda item: sign * item[1]) if means else None


def saturated(bakeoff: Bakeoff) -> Iterator[str]:
    """All contenders are nearly perfect."""
    facts = bakeoff.metric.facts
    means = [mean for row in bakeoff.contenders if (mean := _mean(bakeoff, row)) is not None]
    if facts.is_bounded and means and min(means) >= SATURATED * facts.perfect:
        yield (
            f"All contenders reach {bakeoff.metric.value(min(means))} or more in {facts.label}: these data are too "
            "easy to tell them apart."
        )


def below_trivial(bakeoff: Bakeoff) -> Iterator[str]:
    """Something does worse than an answer that looks at nothing."""
    trivial, sign = bakeoff.verdict.trivial, bakeoff.metric.facts.sign
    for row in [*bakeoff.contenders, *bakeoff.baselines]:
        mean = _mean(bakeoff, row)
        if trivial is not None and mean is not None and sign * mean < sign * trivial:
            shown, level = bakeoff.metric.value(mean), bakeoff.metric.value(trivial)
            yield f"{row.name} reaches {shown}, worse than {bakeoff.verdict.trivial_words} ({level})."


def no_better_than_a_baseline(bakeoff: Bakeoff) -> Iterator[str]:
    """The simple thing does as well."""
    best, sign = _best(bakeoff), bakeoff.metric.facts.sign
    for row in bakeoff.baselines:
        mean = _mean(bakeoff, row)
        if best is not None and mean is not None and sign * mean >= sign * best[1]:
            shown = bakeoff.metric.value(mean)
            yield f"The baseline {row.name} reaches {shown}, and the best contender, {best[0]}, no more."


def few_errors(bakeoff: Bakeoff) -> Iterator[str]:
    """The best contender makes so few errors that no difference can show."""
    facts, best = bakeoff.metric.facts, _best(bakeoff)
    count = bakeoff.verdict.raw.get("num_examples") or bakeoff.plan.spec.get("num_test")
    if best is None or not count or not (facts.is_mean and facts.is_bounded):
        return
    errors = (1 - best[1] / facts.perfect) * count
    if errors < FEWEST_ERRORS:
        yield (
            f"{best[0]} makes {errors:.0f} errors in {count} test examples; fewer than {FEWEST_ERRORS} leave nothing "
            "to be better at. More test examples, or harder ones, would."
        )


def one_heavy_example(bakeoff: Bakeoff) -> Iterator[str]:
    """A single test example decides."""
    for pair in bakeoff.verdict.raw.get("pairs") or ():
        heaviest = pair.get("heaviest")
        if heaviest is not None and heaviest > HEAVIEST:
            yield (
                f"One test example (or cluster) makes {heaviest:.0%} of what is unsure between {pair.get('a')} and "
                f"{pair.get('b')} over examples: look at it."
            )


def few_seeds(bakeoff: Bakeoff) -> Iterator[str]:
    """No winner can be named."""
    if bakeoff.verdict.provisional:
        yield f"Fewer than {FEWEST_SEEDS} seeds: skill and luck can't be told apart, and no winner is named."


def finer_than_the_test(bakeoff: Bakeoff) -> Iterator[str]:
    """The margin is smaller than any difference that these data could show."""
    advice = bakeoff.verdict.raw.get("advice")
    smallest = advice.get("smallest_difference") if isinstance(advice, dict) else None
    margin = bakeoff.verdict.margin
    if smallest is not None and margin is not None and smallest > margin:
        matters, shown = (bakeoff.metric.difference(value).lstrip("+") for value in (margin, smallest))
        yield f"The smallest difference that matters is {matters}, and these data show none below {shown}."


def another_on_validation(bakeoff: Bakeoff) -> Iterator[str]:
    """Whoever leads on validation does not lead on the test."""
    best, sign, name = _best(bakeoff), bakeoff.metric.facts.sign, bakeoff.plan.metric
    if bakeoff.plan.num_tuning or best is None:
        return
    means = {row.name: row.validation[name].mean for row in bakeoff.contenders if name in row.validation}
    known = {contender: mean for contender, mean in means.items() if mean is not None}
    first = max(known, key=lambda contender: sign * known[contender], default=None)
    if first is not None and first != best[0] and len(known) > 1:
        yield f"{first} leads on validation and {best[0]} on the test: the order is not settled."


def another_metric_disagrees(bakeoff: Bakeoff) -> Iterator[str]:
    """Another metric of the task shows another contender ahead, beyond its intervals."""
    leader = bakeoff.verdict.leader
    rows = {row.name: row for row in bakeoff.contenders}
    if leader not in rows:
        return
    found = []
    for facts in bakeoff.plan.facts:
        own = rows[leader].quality(facts.name)
        for name, row in rows.items():
            other = row.quality(facts.name)
            if name == leader or None in (own.low, own.high, other.low, other.high):
                continue
            ahead = other.low > own.high if facts.sign > 0 else other.high < own.low  # type: ignore[operator]
            if ahead and facts.name != bakeoff.plan.metric:
                found.append(f"{name} in {facts.label}")
    if found:
        yield f"{leader} leads in {bakeoff.metric.label}, but beyond their intervals ahead of it are {few(found)}."


def poorly_calibrated(bakeoff: Bakeoff) -> Iterator[str]:
    """The leader's confidence is not to be believed."""
    row = next((row for row in bakeoff.contenders if row.name == bakeoff.verdict.leader), None)
    mean = row.quality("calibration_error").mean if row is not None else None
    if mean is not None and mean > POORLY_CALIBRATED:
        yield f"The confidence of {row.name if row else ''} is off by {mean:.0%} on average: don't read it as a chance."


def unstable(bakeoff: Bakeoff) -> Iterator[str]:
    """More than a fifth of a contender's trials failed."""
    names = [str(row["name"]) for row in bakeoff.verdict.contenders if row.get("unstable")]
    if names:
        yield f"More than 20 % of the trials failed of {few(names)}."


CHECKS = (
    Check("B301", "a saturated metric", saturated),
    Check("B302", "below the trivial predictor", below_trivial),
    Check("B303", "no better than a baseline", no_better_than_a_baseline),
    Check("B304", "few errors left", few_errors),
    Check("B305", "one heavy example", one_heavy_example),
    Check("B306", "few seeds", few_seeds),
    Check("B307", "a margin finer than the test", finer_than_the_test),
    Check("B308", "another leader on validation", another_on_validation),
    Check("B309", "another leader by another metric", another_metric_disagrees),
    Check("B310", "confidence that is off", poorly_calibrated),
    Check("B311", "an unstable contender", unstable),
)
