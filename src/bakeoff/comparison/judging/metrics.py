"""What is known of a metric by its name: which way is better, and how far a value is from perfect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.statistics.pooled import selection_weights

LOWER_IS_BETTER = frozenset(
    {
        "bits_per_byte",
        "calibration_error",
        "cer",
        "loss",
        "mae",
        "mase",
        "mse",
        "perplexity",
        "smape",
        "wer",
    }
)
"""Errors and losses."""
HIGHER_IS_BETTER = frozenset(
    {"accuracy", "bleu", "chrf", "dice", "exact_match", "f1_macro", "miou", "pixel_accuracy", "token_accuracy"}
)
"""Scores; of a metric in neither set, the configuration alone says which way is better."""
PERFECT = {"bleu": 100.0, "chrf": 100.0}
"""The best value of a metric of which more is better, where it is not 1."""
MARGIN_FRACTION = 0.10
"""Rule 17: the smallest difference that matters, as a share of the best validation error."""


def margin_of_validation(
    values: Mapping[str, Sequence[float]], *, metric: str, direction: str, best_of: int | None = None
) -> float | None:
    """A tenth of the best contender's validation error (rule 17); None where that is nothing.

    Args:
        values: by contender, the validation metric of its finished trials.
        metric: what it is.
        direction: ``maximize`` or ``minimize``.
        best_of: m of a family claim, whose error is that to expect of the best of m trials; None takes the mean.
    """
    sign = 1.0 if direction == "maximize" else -1.0
    reached = [sign * _expected(sign * np.asarray(found), best_of or 1) for found in values.values() if len(found)]
    perfect = PERFECT.get(metric, 1.0) if direction == "maximize" else 0.0
    errors = [sign * (perfect - value) for value in reached]
    return max(MARGIN_FRACTION * min(errors, default=0.0), 0.0) or None


def _expected(better_T: np.ndarray, best_of: int) -> float:
    """Validation score to expect of the best of so many trials, higher is better; of one it is the mean."""
    if best_of == 1:
        return float(better_T.mean())
    return float(selection_weights(better_T, min(best_of, len(better_T))) @ better_T)
