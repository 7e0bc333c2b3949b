"""The margin from validation: a tenth of the best error, with a floor, failures counted (rule 25).

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
) -> FixedMargin:
    """The margin, fixed before the test is opened.

    Args:
        values: by contender, the validation metric of each planned trial; None for one that failed.
        trivial: what the trivial predictor reaches on validation, which a failed trial counts as.
        perfect: the best possible value of the metric.
        right_or_wrong: the metric is a share of right answers, so that the floor applies.
        num_validation: validation examples.
        num_test: test examples.
        direction: ``maximize`` or ``minimize``.
        best_of: m of a family claim, whose error is that to expect of the best of m trials; None takes the mean.
    """
    sign = 1.0 if direction == "maximize" else -1.0
    reached = [_expected(_counted(found, trivial) * sign, best_of or 1) for found in values.values() if len(found)]
    error = min((sign * perfect - value for value in reached), default=0.0)
    of_family = f" to expect of the best of {best_of} trials" if best_of else ""
    sizes = {f"{MARGIN_SHARE:.0%} of the best validation error{of_family}".replace("%", " %"): MARGIN_SHARE * error}
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
