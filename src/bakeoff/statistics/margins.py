"""The margin from validation: a tenth of what is lacking or of what was learnt, with a floor, failures counted.

Rule 25 takes a tenth of the best error. Where perfection is far, that is more than everything that was learnt: of an
NDCG of 7 % it is 9.3 points, and any two rankings are "equivalent". So the third edition takes a tenth of the best gain
over the trivial predictor where that is less: on accuracies above about one half nothing changes.

A tenth of the best validation error is nothing where nobody errs on the validation examples (in 74 % of cases at
0.2 % error and 360 of them), and then neither equivalence nor a small win could be shown. For right-or-wrong metrics
the margin is at least 0.3 of a validation example and one test example: what lies below no test of this size can see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.statistics.options import MARGIN_SHARE
from bakeoff.statistics.pooled import selection_weights

VALIDATION_SHARE = 0.3


@dataclass(frozen=True)
class FixedMargin:
    """The smallest difference that matters, and the rule that made it; None where there is none."""

    value: float | None
    rule: str


def margin_from_validation(
    values: Mapping[str, Sequence[float | None]],
    *,
    trivial: float,
    perfect: float,
    right_or_wrong: bool,
    num_validation: int,
    num_test: int,
    direction: str = "maximize",
    best_of: int | None = None,
    by_gain: bool = True,
) -> FixedMargin:
    """The margin, fixed before the test is opened.

    Args:
        values: by contender, the validation metric of each planned trial; None for one that failed.
        trivial: what the trivial predictor reaches on validation, which a failed trial counts as; not a number where it
            is not known and no trial failed.
        perfect: the best possible value of the metric.
        right_or_wrong: the metric is a share of right answers, so that the floor applies.
        num_validation: validation examples.
        num_test: test examples.
        direction: ``maximize`` or ``minimize``.
        best_of: m of a family claim, whose error is that to expect of the best of m trials; None takes the mean.
        by_gain: a tenth of the best gain over the trivial predictor, where that is less; the first two editions of the
            protocol look at the error alone.
    """
    sign = 1.0 if direction == "maximize" else -1.0
    reached = [_expected(_counted(found, trivial) * sign, best_of or 1) for found in values.values() if len(found)]
    best = max(reached, default=sign * perfect)
    error, gain = sign * perfect - best, best - sign * trivial
    less = by_gain and bool(reached) and gain < error
    of_what = "gain over the trivial predictor" if less else "error"
    of_family = f" to expect of the best of {best_of} trials" if best_of else ""
    share = f"{MARGIN_SHARE:.0%} of the best validation {of_what}{of_family}".replace("%", " %")
    sizes = {share: MARGIN_SHARE * (max(gain, 0.0) if less else error)}
    if right_or_wrong:
        sizes[f"{VALIDATION_SHARE:g} of one of {num_validation:,} validation examples"] = (
            VALIDATION_SHARE / num_validation
        )
        sizes[f"one of {num_test:,} test examples"] = 1 / num_test
    rule = max(sizes, key=lambda name: sizes[name])
    return FixedMargin(sizes[rule], rule) if sizes[rule] > 0 else FixedMargin(None, rule)


def _counted(values: Sequence[float | None], trivial: float) -> np.ndarray:
    return np.array([trivial if value is None else value for value in values], dtype=np.float64)


def _expected(better_T: np.ndarray, best_of: int) -> float:
    """Validation score to expect of the best of so many trials, higher is better; of one it is the mean."""
    if best_of == 1:
        return float(better_T.mean())
    return float(selection_weights(better_T, min(best_of, len(better_T))) @ better_T)
