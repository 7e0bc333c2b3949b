"""The margin: the smallest difference that matters, fixed before the test is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bakeoff.files import write_json
from bakeoff.metrics import MetricFacts
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import MARGIN
from bakeoff.record.reading import read_if_there
from bakeoff.statistics.pooled import best_of, selection_weights

MARGIN_FRACTION = 0.10
"""Rule 17: the smallest difference that matters, as a share of the best validation error."""


def fixed_margin(bakeoff: RecordedBakeoff) -> float | None:
    """The margin; written down before the first test score is known, and read from there ever after."""
    path = bakeoff.path / MARGIN
    written = read_if_there(path)
    if written is not None:
        return written["margin"] or None
    margin, m = margin_of(bakeoff), family_size(bakeoff.plan.tune)
    rule = "10 % of the best validation error" + (f" to expect of the best of {m} trials" if m else "")
    write_json(path, {"margin": margin, "rule": rule if bakeoff.plan.margin is None else "given"})
    return margin


def margin_of(bakeoff: RecordedBakeoff) -> float | None:
    """The margin that was given, or that follows from validation before the test was first opened (rule 17); None where
    that is nothing."""
    if bakeoff.plan.margin is not None:
        return float(bakeoff.plan.margin)
    metric, first = bakeoff.plan.metric, bakeoff.looks[0]
    values = {
        contender.name: [
            trial.validation[metric] for trial in bakeoff.recorded_of(contender.name)[:first] if not trial.failed
        ]
        for contender in bakeoff.plan.entered
    }
    return margin_of_validation(values, bakeoff.plan.aim, best_of=family_size(bakeoff.plan.tune))


def margin_of_validation(
    values: Mapping[str, Sequence[float]], facts: MetricFacts, *, best_of: int | None = None
) -> float | None:
    """A tenth of the best contender's validation error (rule 17); None where that is nothing.

    Args:
        values: by contender, the validation metric of its finished trials.
        facts: of the metric: which way is better, and the value of a perfect answer.
        best_of: m of a family claim, whose error is that to expect of the best of m trials; None takes the mean.
    """
    sign = facts.sign
    reached = [sign * _expected(sign * np.asarray(found), best_of or 1) for found in values.values() if len(found)]
    errors = [sign * (facts.perfect - value) for value in reached]
    return max(MARGIN_FRACTION * min(errors, default=0.0), 0.0) or None


def family_size(tune: Mapping[str, Any]) -> int | None:
    """m of the family claim; None without tuning."""
    return best_of(int(tune["trials"]), tune["best_of"]) if tune["trials"] else None


def _expected(better_T: np.ndarray, best_of: int) -> float:
    """Validation score to expect of the best of so many trials, higher is better; of one it is the mean."""
    if best_of == 1:
        return float(better_T.mean())
    return float(selection_weights(better_T, min(best_of, len(better_T))) @ better_T)
