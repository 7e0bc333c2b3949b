"""Checks of the data: classes, sizes of splits, copies, labels that may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bakeoff.comparison.judging.apart import apart_on_board
from bakeoff.record.evidence import few
from bakeoff.report.analysis.confusions import errors_by_name
from bakeoff.report.checks.check import Check
from bakeoff.report.reading import Bakeoff
from bakeoff.report.sections.stamps import findings

LARGEST_SHARE = 0.8
FEWEST_OF_A_CLASS = 10
FEWEST_UNITS = 100
FEWEST_VALIDATION = 50
SURE = 0.9
"""Probability of another class than the label's that nobody doubts."""
FEWEST_CONTENDERS = 2
NEAR_COPIES = "NEAR-COPIES"
"""How the note of `bakeoff.data.image.near_copies` begins."""


def _counts(bakeoff: Bakeoff) -> dict[str, int]:
    """Train examples of each class, where examples have one."""
    spec = bakeoff.plan.spec
    counts = spec.get("class_counts") or ()
    return {} if spec.get("multi_label") else dict(zip(bakeoff.plan.class_names, counts, strict=False))


def blind_to_classes(bakeoff: Bakeoff) -> Iterator[str]:
    """A mean over examples says little where nearly all are of one class."""
    counts, facts = _counts(bakeoff), bakeoff.metric.facts
    total = sum(counts.values())
    if not total or not (facts.is_mean and facts.is_bounded):
        return
    largest = max(counts, key=lambda name: counts[name])
    share = counts[largest] / total
    if share >= LARGEST_SHARE:
        yield (
            f"{share:.0%} of the train examples are of class {largest}, and {facts.label} gives each example the same "
            "weight: always answering it does as well. Judge by a metric that counts classes alike (task.metric)."
        )


def rare_classes(bakeoff: Bakeoff) -> Iterator[str]:
    """Classes of which too little is there to learn or to measure."""
    rare = [f"{name} ({count})" for name, count in _counts(bakeoff).items() if count < FEWEST_OF_A_CLASS]
    if rare:
        yield f"Classes of fewer than {FEWEST_OF_A_CLASS} train examples: {few(rare)}."


def few_test_units(bakeoff: Bakeoff) -> Iterator[str]:
    """What is tested on few independent units says little of new ones."""
    units, word = bakeoff.verdict.num_units, bakeoff.verdict.unit
    units = bakeoff.plan.spec.get("num_test") if units is None else units
    if units is not None and units < FEWEST_UNITS:
        yield f"The test has {units} independent units ({word}), and fewer than {FEWEST_UNITS} leave wide intervals."


def few_validation_examples(bakeoff: Bakeoff) -> Iterator[str]:
    """Weights and settings are chosen on validation."""
    count = bakeoff.plan.spec.get("num_val")
    if count is not None and 0 < count < FEWEST_VALIDATION:
        yield f"Weights are selected on {count} validation examples; fewer than {FEWEST_VALIDATION} choose by chance."


def copies(bakeoff: Bakeoff) -> Iterator[str]:
    """Rows of train or validation that a later split has too."""
    leaked = bakeoff.plan.spec.get("leaked_rows") or 0
    if leaked:
        yield f"{leaked} rows of train or validation are also in a later split (data.allow_leak=true)."
    yield from (finding.problem for finding in findings(bakeoff) if finding.guard == "duplicates")


def near_copies(bakeoff: Bakeoff) -> Iterator[str]:
    """Frames or crops of one motif on both sides, as preparing the data found them."""
    yield from (note for note in bakeoff.plan.spec.get("notes") or () if note.startswith(NEAR_COPIES))


def overlap_in_time(bakeoff: Bakeoff) -> Iterator[str]:
    """The last row of each user is tested, so what others did later is learnt from."""
    split = bakeoff.plan.trial_config.get("data", {}).get("split") if bakeoff.plan.contenders else None
    if isinstance(split, Mapping) and (split.get("by") == "last" or split.get("user") is not None):
        yield (
            "Each user's last row is tested, so rows of other users that are later than it are learnt from; "
            "data.split.by=time (or data.split.time=COLUMN) tests on what comes after all of train."
        )


def parted(bakeoff: Bakeoff) -> Iterator[str]:
    """Validation and test that are not alike."""
    if bakeoff.plan.num_tuning:
        return
    sizes = {name: int(bakeoff.plan.spec.get(name) or 0) for name in ("num_val", "num_test")}
    rows = [row for row in bakeoff.verdict.raw.get("leaderboard", ()) if bakeoff.plan.metric in row.get("test", {})]
    yield from apart_on_board(rows, bakeoff.plan.metric, **sizes)


def label_suspects(bakeoff: Bakeoff) -> Iterator[str]:
    """Examples that all contenders, surely and alike, answer with another class than the label's."""
    if bakeoff.labels is None or bakeoff.labels.ndim != 1 or not bakeoff.of_classes:
        return
    errors = errors_by_name(bakeoff)
    entered = [errors[row.name] for row in bakeoff.contenders if row.name in errors]
    if len(entered) < FEWEST_CONTENDERS:
        return
    alike = np.all([found.predicted == entered[0].predicted for found in entered], axis=0)
    sure = np.all([found.confidence >= SURE for found in entered], axis=0)
    suspects = np.flatnonzero(alike & sure & (entered[0].predicted != bakeoff.labels))
    if len(suspects):
        names = [bakeoff.examples[place] if bakeoff.examples else str(place) for place in suspects]
        words = "example is" if len(names) == 1 else "examples are"
        yield (
            f"{len(names)} test {words} answered alike by all contenders, each with {SURE:.0%} or more, with another "
            f"class than the label's: look at {few(names)}."
        )


def classes_never_said(bakeoff: Bakeoff) -> Iterator[str]:
    """Classes that the leader answers with in no trial."""
    leader = bakeoff.verdict.leader
    if bakeoff.labels is None or bakeoff.labels.ndim != 1 or not bakeoff.of_classes or leader is None:
        return
    found = errors_by_name(bakeoff).get(leader)
    if found is None:
        return
    missing = np.flatnonzero((found.confusion.sum(1) > 0) & (found.confusion.sum(0) == 0))
    names = [bakeoff.plan.class_names[k] if bakeoff.plan.class_names else str(k) for k in missing]
    if names:
        yield f"{leader} never answers {few(names)}, though the test has {'it' if len(names) == 1 else 'them'}."


CHECKS = (
    Check("B101", "a metric that is blind to class sizes", blind_to_classes),
    Check("B102", "classes with few train examples", rare_classes),
    Check("B103", "few independent test units", few_test_units),
    Check("B104", "few validation examples", few_validation_examples),
    Check("B105", "copies across splits", copies),
    Check("B106", "near-copies across splits", near_copies),
    Check("B107", "splits that overlap in time", overlap_in_time),
    Check("B108", "validation and test are not alike", parted),
    Check("B109", "labels that may be wrong", label_suspects),
    Check("B110", "a class that is never answered", classes_never_said),
)
