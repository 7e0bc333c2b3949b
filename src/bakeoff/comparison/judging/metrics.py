"""The margin: the smallest difference that matters, from what validation says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.metrics import MetricFacts
from bakeoff.statistics.pooled import selection_weights

MARGIN_FRACTION = 0.10
"""Rule 17: the smallest difference that matters, as a share of the best validation error."""


def margin_of_validation(
    values: Mapping[str, Sequence[float]], *, facts: MetricFacts, best_of: int | None = None
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


def _expected(better_T: np.ndarray, best_of: int) -> float:
    """Validation score to expect of the best of so many trials, higher is better; of one it is the mean."""
    if best_of == 1:
        return float(better_T.mean())
    return float(selection_weights(better_T, min(best_of, len(better_T))) @ better_T)
