"""What bakeoffs of earlier versions state otherwise than today's would, so that an audit takes it for no change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.record.answers import labels_file
from bakeoff.record.evidence import Finding
from bakeoff.record.layout import OLDER_TEST_LABELS, TEST_METRICS
from bakeoff.record.reading import read_if_there

LATER_FIGURES = ("edition", "unit", "num_units", "rule", "futile", "retraining")
"""What a verdict has said since it names its edition."""
LATER_FIGURES_OF_PAIRS = ("guard", "heaviest", "retrained")
"""And what it says of each pair."""
SINGLE_PRECISION = 1e-6
"""How far metrics may be off that were computed in single precision, as all of them were."""
REDEFINED = {
    "bleu": "BLEU was 0 where no reference has four words",
    "calibration_error": "a confidence of exactly 1 had a bin of its own",
    "f1_macro": "of several labels, macro-F1 counted 0 for those that neither occur nor are answered",
}
"""Metrics that are computed otherwise since, and where that makes a difference."""


def rounding(bakeoff: Path) -> float:
    """How far metrics that a bakeoff's folder stores may be off what its answers give."""
    return SINGLE_PRECISION if _is_earlier(bakeoff) else 0.0


def of_its_day(derived: Mapping[str, Any], stored: Mapping[str, Any], own: Sequence[str]) -> dict[str, Any]:
    """A derived verdict without what the stored one, of a version that did not name editions, could not say.

    Args:
        derived: what follows from the scores; of a later edition it is left whole.
        stored: what ``verdict.json`` holds.
        own: warnings of the statistics, which an edition fixes; others may have been thought of later.
    """
    if "edition" in stored or derived["edition"] != 1:
        return dict(derived)
    pairs = [
        {key: value for key, value in pair.items() if key not in LATER_FIGURES_OF_PAIRS} for pair in derived["pairs"]
    ]
    warnings = [line for line in derived["warnings"] if line in stored.get("warnings", ()) or line in own]
    then = {key: value for key, value in derived.items() if key not in LATER_FIGURES}
    return then | {"pairs": pairs, "warnings": warnings}


def redefined(bakeoff: Path, trial: Path, derived: Mapping[str, float]) -> dict[str, float]:
    """Stored metrics of a trial that differ from derived ones because they were defined otherwise; none of today's.

    Args:
        bakeoff: the folder.
        trial: the trial's folder.
        derived: metrics by name, from the answers.
    """
    stored = (read_if_there(trial / TEST_METRICS) or {}) if _is_earlier(bakeoff) else {}
    both = derived.keys() & stored.keys() & REDEFINED.keys()
    return {name: stored[name] for name in both if abs(stored[name] - derived[name]) > SINGLE_PRECISION}


def redefinitions(names: Iterable[str]) -> Iterator[Finding]:
    """What an audit says of metrics whose stored figures it took as they are."""
    for name in sorted(set(names)):
        problem = f"{name} is computed otherwise since ({REDEFINED[name]}): its stored figures were not derived again."
        yield Finding("metrics_redefined", "warn", problem)


def _is_earlier(bakeoff: Path) -> bool:
    return labels_file(bakeoff).name == OLDER_TEST_LABELS
