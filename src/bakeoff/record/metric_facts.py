"""What a plan says of its task's metrics, and what is said in its place of those planned before tasks declared them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.metrics import MetricFacts

UNDECLARED = (
    MetricFacts.share("accuracy", "accuracy", "The share that is answered right."),
    MetricFacts.share(
        "f1_macro",
        "macro-F1",
        "The harmonic mean of precision and recall, averaged over classes: rare classes count fully.",
        is_mean=False,
    ),
    MetricFacts.error(
        "calibration_error",
        "calibration error",
        "How far the stated confidence is from the share that is right; 0 is perfect.",
        unit="fraction",
        is_mean=False,
    ),
    MetricFacts.share("exact_match", "exact match", "The share of answers that equal the reference word for word."),
    MetricFacts.of_100(
        "bleu",
        "BLEU",
        "How many runs of one to four words an answer shares with the reference, of 100.",
        is_mean=False,
    ),
    MetricFacts.of_100("chrf", "chrF", "How many runs of letters an answer shares, of 100."),
    MetricFacts.error("bits_per_byte", "bits per byte", "What a byte of the text costs to write.", is_mean=False),
    MetricFacts.error("loss", "loss", "What training makes small."),
    MetricFacts.error("mse", "mean squared error", "The mean of squared differences from what was asked for."),
)
"""The metrics of bakeoffs whose plans name theirs only."""


def declared_facts(plan: Mapping[str, Any]) -> tuple[MetricFacts, ...]:
    """The facts that ``plan.json`` holds of its task's metrics; of an older one, those of the metrics of its day."""
    declared = (plan.get("task") or {}).get("facts")
    return UNDECLARED if declared is None else tuple(MetricFacts.from_dict(facts) for facts in declared)
