"""What bakeoffs of earlier versions state otherwise than today's would, so that an audit takes it for no change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.record.answers import labels_file
from bakeoff.record.layout import OLDER_TEST_LABELS, TEST_METRICS
from bakeoff.record.reading import read_if_there

LATER_FIGURES = ("edition", "unit", "num_units", "rule", "futile", "retraining")
"""What a verdict has said since it names its edition."""
LATER_FIGURES_OF_PAIRS = ("guard", "heaviest", "retrained")
"""And what it says of each pair."""
SINGLE_PRECISION = 1e-6
"""How far metrics may be off that were computed in single precision, as all of them were."""
UNDEFINED = {"bleu": 0.0}
"""Metrics that were this where they had no value: BLEU where no reference has four words."""


def rounding(bakeoff: Path) -> float:
    """How far metrics that a bakeoff's folder stores may be off what its answers give."""
    return SINGLE_PRECISION if _is_earlier(bakeoff) else 0.0


def of_its_day(derived: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """A derived verdict without what the stored one, of a version that did not name editions, could not say.

    Args:
        derived: what follows from the scores; of a later edition it is left whole.
        stored: what ``verdict.json`` holds.
    """
    if "edition" in stored or derived["edition"] != 1:
        return dict(derived)
    pairs = [
        {key: value for key, value in pair.items() if key not in LATER_FIGURES_OF_PAIRS} for pair in derived["pairs"]
    ]
    return {key: value for key, value in derived.items() if key not in LATER_FIGURES} | {"pairs": pairs}


def defined_then(bakeoff: Path, trial: Path, derived: Mapping[str, float]) -> dict[str, float]:
    """Metrics of a trial derived again, without a value where they had none by the definition of their day.

    Args:
        bakeoff: the folder; of today's format metrics are left as they are.
        trial: the trial's folder.
        derived: by name, from the answers.
    """
    stored = (read_if_there(trial / TEST_METRICS) or {}) if _is_earlier(bakeoff) else {}
    return {**derived, **{name: none for name, none in UNDEFINED.items() if stored.get(name) == none}}


def _is_earlier(bakeoff: Path) -> bool:
    return labels_file(bakeoff).name == OLDER_TEST_LABELS
