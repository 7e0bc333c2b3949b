"""What a plan says of its task's metrics, and what is said in its place of those planned before tasks declared them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.metrics import MetricFacts

_SHARE_RIGHT = {"unit": "fraction", "direction": "maximize", "perfect": 1.0}
_ERROR = {"unit": "none", "direction": "minimize", "perfect": 0.0}
_OF_100 = {"unit": "points", "direction": "maximize", "perfect": 100.0, "is_mean": False}

UNDECLARED = tuple(
    MetricFacts.from_dict({"name": name, "label": label, "meaning": meaning, **facts})
    for name, label, facts, meaning in (
        ("accuracy", "accuracy", _SHARE_RIGHT, "The share that is answered right."),
        (
            "f1_macro",
            "macro-F1",
            {**_SHARE_RIGHT, "is_mean": False},
            "The harmonic mean of precision and recall, averaged over classes: rare classes count fully.",
        ),
        (
            "calibration_error",
            "calibration error",
            {**_ERROR, "unit": "fraction", "is_mean": False},
            "How far the stated confidence is from the share that is right; 0 is perfect.",
        ),
        ("exact_match", "exact match", _SHARE_RIGHT, "The share of answers that equal the reference word for word."),
        ("bleu", "BLEU", _OF_100, "How many runs of one to four words an answer shares with the reference, of 100."),
        ("chrf", "chrF", {**_OF_100, "is_mean": True}, "How many runs of letters an answer shares, of 100."),
        ("bits_per_byte", "bits per byte", {**_ERROR, "is_mean": False}, "What a byte of the text costs to write."),
        ("loss", "loss", _ERROR, "What training makes small."),
        ("mse", "mean squared error", _ERROR, "The mean of squared differences from what was asked for."),
    )
)
"""The metrics of bakeoffs whose plans name theirs only."""


def declared_facts(plan: Mapping[str, Any]) -> tuple[MetricFacts, ...]:
    """The facts that ``plan.json`` holds of its task's metrics; of an older one, those of the metrics of its day."""
    declared = (plan.get("task") or {}).get("facts")
    return UNDECLARED if declared is None else tuple(MetricFacts.from_dict(facts) for facts in declared)
