"""What the contenders get wrong: confusions, accuracy per class and the most confident mistakes.

One pass over the stored predictions, a trial at a time, so that memory holds one array of class probabilities per
contender however many seeds there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.record.trials import RecordedTrial
from bakeoff.report.reading import Bakeoff, read_probabilities

_ERRORS = "errors by name"


@dataclass(frozen=True)
class Errors:
    """Test predictions of one contender, summed over its seeds.

    Attributes:
        confusion: Counts over all seeds, shape ``(classes, classes)``: true class by predicted class.
        predicted: Class with the highest probability, averaged over seeds, shape ``(n,)``; where a threshold decides,
            what most seeds say.
        confidence: That probability, in [0, 1], shape ``(n,)``.
        hits: How many trials are right about each example, shape ``(n,)``.
        num_seeds: How many trials had predictions.
    """

    confusion: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    hits: np.ndarray
    num_seeds: int

    @property
    def per_class(self) -> np.ndarray:
        """Share of each class that is predicted right, shape ``(classes,)``; NaN where the test set has none."""
        totals = self.confusion.sum(1)
        right = np.diag(self.confusion).astype(float)
        return np.divide(right, totals, out=np.full(len(totals), np.nan), where=totals > 0)

    def most_confused(self, *, count: int) -> list[tuple[int, int, int]]:
        """The most frequent confusions as ``(true class, predicted class, times)``, most frequent first."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:count]
        rows, columns = np.unravel_index(order, wrong.shape)
        cells = zip(rows.tolist(), columns.tolist(), strict=True)
        return [(row, column, int(wrong[row, column])) for row, column in cells if wrong[row, column] > 0]


@dataclass(frozen=True)
class Mistake:
    """One test example that at least one contender gets wrong.

    Attributes:
        index: Its place in the test set.
        answers: ``(contender, predicted class, confidence)`` of every contender, right ones too.
        num_wrong: How many of them are wrong.
    """

    index: int
    true: int
    answers: tuple[tuple[str, int, float], ...]
    num_wrong: int


def errors_of(trials: Iterable[RecordedTrial], labels: np.ndarray, *, num_classes: int) -> Errors | None:
    """Confusions and averaged predictions of one contender, or ``None`` if no trial's predictions fit the labels."""
    confusion = np.zeros((num_classes, num_classes), dtype=np.int64)
    total: np.ndarray | None = None
    votes: np.ndarray | None = None
    hits = np.zeros(len(labels), dtype=np.int64)
    num_seeds = 0
    for trial in trials:
        probabilities, decided = read_probabilities(trial) or (None, None)
        if probabilities is None or probabilities.shape != (len(labels), num_classes):
            continue
        said = probabilities.argmax(1) if decided is None else decided
        if decided is not None:
            votes = np.zeros((len(labels), num_classes), dtype=np.int32) if votes is None else votes
            votes[np.arange(len(labels)), decided] += 1
        hits += said == labels
        flat = labels * num_classes + said
        confusion += np.bincount(flat, minlength=num_classes**2).reshape(num_classes, num_classes)
        total = probabilities.astype(np.float32) if total is None else np.add(total, probabilities, out=total)
        num_seeds += 1
    if total is None:
        return None
    predicted = (total if votes is None else votes).argmax(1)
    confidence = np.take_along_axis(total, predicted[:, None], axis=1)[:, 0].astype(float) / num_seeds
    return Errors(confusion, predicted, confidence, hits, num_seeds)


def has_one_class_each(bakeoff: Bakeoff) -> bool:
    """Whether each test example is of one class, as far as that is known; else nothing is taken for anything."""
    one_each = bakeoff.labels is None or bakeoff.labels.ndim == 1
    of_classes = bool(bakeoff.plan.class_names) and bakeoff.of_classes
    return of_classes and one_each and not bakeoff.plan.spec.get("multi_label")


def errors_by_name(bakeoff: Bakeoff) -> dict[str, Errors]:
    """Errors by name, contenders in the order of the leaderboard and then baselines; those without any are noted.

    Empty where the labels are missing, or are not numbers of classes that the plan names. Gone through once.
    """
    if _ERRORS not in bakeoff.derived:
        bakeoff.derived[_ERRORS] = _errors_by_name(bakeoff)
    found: dict[str, Errors] = bakeoff.derived[_ERRORS]
    return found


def _errors_by_name(bakeoff: Bakeoff) -> dict[str, Errors]:
    labels, num_classes = bakeoff.labels, len(bakeoff.plan.class_names)
    if labels is None or not has_one_class_each(bakeoff) or (len(labels) and labels.max() >= num_classes):
        return {}
    found = {}
    for row in [*bakeoff.contenders, *bakeoff.baselines]:
        errors = errors_of(bakeoff.typical_trials(row.name), labels, num_classes=num_classes)
        if errors is not None:
            found[row.name] = errors
        else:
            bakeoff.missing.append(f"No trial of {row.name} has predictions that fit the test labels.")
    return found


@dataclass(frozen=True)
class Agreement:
    """Counts of test examples by how the contenders fare on them in all their trials."""

    num_examples: int
    always_right: int
    never_right: int

    @property
    def contested(self) -> int:
        """Examples that decide the bakeoff: right in some trials and wrong in others."""
        return self.num_examples - self.always_right - self.never_right


def agreement_of(errors: Iterable[Errors]) -> Agreement | None:
    """How many examples all trials get right, or none does; ``None`` where there are no predictions."""
    every = list(errors)
    if not every:
        return None
    hits = np.sum([found.hits for found in every], axis=0)
    tries = sum(found.num_seeds for found in every)
    return Agreement(len(hits), int((hits == tries).sum()), int((hits == 0).sum()))


def confident_mistakes(errors: dict[str, Errors], labels: np.ndarray, *, count: int) -> list[Mistake]:
    """The most confident mistakes: first what all contenders get wrong, then by mean confidence of those that err.

    Predictions are averaged over seeds, so a mistake here is one of the contender, not of a single seed.
    """
    if not errors:
        return []
    predicted = np.stack([found.predicted for found in errors.values()])
    confidence = np.stack([found.confidence for found in errors.values()])
    wrong = predicted != labels
    num_wrong = wrong.sum(0)
    certainty = np.where(wrong, confidence, 0).sum(0) / np.maximum(num_wrong, 1)
    order = np.lexsort((np.arange(len(labels)), -certainty, -num_wrong))[:count]
    names = list(errors)
    return [
        _mistake(int(index), labels, names, predicted[:, index], confidence[:, index], int(num_wrong[index]))
        for index in order
        if num_wrong[index]
    ]


def _mistake(
    index: int, labels: np.ndarray, names: Sequence[str], predicted: np.ndarray, confidence: np.ndarray, num_wrong: int
) -> Mistake:
    answers = zip(names, predicted.tolist(), confidence.tolist(), strict=True)
    return Mistake(index, int(labels[index]), tuple(answers), num_wrong)
