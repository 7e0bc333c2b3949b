"""The margin: the smallest difference that matters, fixed before the test is opened."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bakeoff.comparison.judging.scoring import Trivial
from bakeoff.files import write_json
from bakeoff.metrics import MetricFacts
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import MARGIN
from bakeoff.record.reading import read_if_there
from bakeoff.record.trials import RecordedTrial
from bakeoff.statistics import FixedMargin, margin_from_validation


def fixed_margin(bakeoff: RecordedBakeoff, trivial: Trivial) -> float | None:
    """The margin; written down before the first test score is known, and read from there ever after."""
    path = bakeoff.path / MARGIN
    written = read_if_there(path)
    if written is not None:
        return written["margin"] or None
    found = margin_of(bakeoff, trivial)
    needed = bakeoff.plan.margin is None and _needs_trivial(bakeoff)
    of_trivial = {"trivial": _trivial_score(bakeoff, trivial)} if needed else {}
    write_json(path, {"margin": found.value, "rule": found.rule, **of_trivial})
    return found.value


def margin_of(bakeoff: RecordedBakeoff, trivial: Trivial | None) -> FixedMargin:
    """The margin that was given, or that follows from validation before the test was first opened (rules 17 and 25).

    Args:
        bakeoff: with the trials of the first look.
        trivial: what a gain is counted from, and failed trials count as; without the data what is stored of it.
    """
    plan = bakeoff.plan
    if plan.margin is not None:
        return FixedMargin(float(plan.margin), "given")
    values: dict[str, list[float | None]] = {contender.name: [] for contender in plan.entered}
    for name, trial in _first_of_entered(bakeoff):
        values[name].append(None if trial.failed else trial.validation[plan.metric])
    m = plan.best_of
    if plan.edition == 1:
        finished: dict[str, list[float | None]] = {
            name: [value for value in found if value is not None] for name, found in values.items()
        }
        rule = "10 % of the best validation error" + (f" to expect of the best of {m} trials" if m else "")
        return FixedMargin(margin_of_validation(finished, plan.aim, best_of=m), rule)
    return margin_from_validation(
        values,
        trivial=_trivial_score(bakeoff, trivial),
        perfect=plan.aim.perfect,
        right_or_wrong=plan.aim.score_range == (0.0, 1.0),
        num_validation=int(plan.spec["num_val"]),
        num_test=int(plan.spec["num_test"]),
        direction=plan.direction,
        best_of=m,
        by_gain=plan.edition > 2,
    )


def _first_of_entered(bakeoff: RecordedBakeoff) -> list[tuple[str, RecordedTrial]]:
    """The contenders' trials up to the first look."""
    first = bakeoff.looks[0]
    return [
        (contender.name, trial)
        for contender in bakeoff.plan.entered
        for trial in bakeoff.recorded_of(contender.name)[:first]
    ]


def _needs_trivial(bakeoff: RecordedBakeoff) -> bool:
    """Whether the margin follows from what the trivial predictor reaches too: by gain, or because a trial failed."""
    edition = bakeoff.plan.edition
    return edition > 2 or (edition > 1 and any(trial.failed for _, trial in _first_of_entered(bakeoff)))


def _trivial_score(bakeoff: RecordedBakeoff, trivial: Trivial | None) -> float:
    """What the trivial predictor reaches on validation; not a number where nothing asks for it."""
    if not _needs_trivial(bakeoff):
        return math.nan
    if trivial is not None:
        return trivial.metric_of_validation if bakeoff.plan.edition > 2 else trivial.on_validation
    return float((read_if_there(bakeoff.path / MARGIN) or {}).get("trivial", math.nan))


def margin_of_validation(
    values: Mapping[str, Sequence[float | None]], facts: MetricFacts, *, best_of: int | None = None
) -> float | None:
    """A tenth of the best contender's validation error, as the first edition of the protocol has it; None if that is 0.

    Args:
        values: by contender, the validation metric of its finished trials.
        facts: of the metric: which way is better, and the value of a perfect answer.
        best_of: m of a family claim, whose error is that to expect of the best of m trials; None takes the mean.
    """
    found = margin_from_validation(
        values,
        trivial=math.nan,  # no failed trial is among them
        perfect=facts.perfect,
        right_or_wrong=False,
        num_validation=0,
        num_test=0,
        direction=facts.direction,
        best_of=best_of,
        by_gain=False,
    )
    return found.value
