"""What answers to the whole test say of each class: precision, recall and their curve, means over trials.

N examples, K classes, R recalls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.tasks.classes.answered import Answered
from bakeoff.tasks.classes.counts import counts_of_all
from bakeoff.tasks.classes.ranks import average_precision, precision_recall
from bakeoff.tasks.exhibits import Exhibit, Line, LinesExhibit, TableExhibit

MOST_CURVES = 12
"""Classes whose curves are drawn, the rarest of the test."""
MOST_ROWS = 400
RECALLS_R = np.linspace(0.01, 1.0, 100)

Thresholds = Mapping[str, float]


@dataclass(frozen=True)
class OfTrial:
    """One trial's figures: counts, ``(3, K)`` of right, said and true, and average precision, ``(K,)``."""

    counts_3K: np.ndarray
    precisions_K: np.ndarray
    curves: Mapping[int, np.ndarray]
    thresholds: Thresholds

    @classmethod
    def of(cls, answered: Answered, drawn: Sequence[int], thresholds: Thresholds) -> OfTrial:
        """The figures of a trial's answers; curves of the classes to be drawn."""
        columns = list(zip(answered.probabilities_BK.T, answered.true_BK.T, strict=True))
        precisions_K = np.array([average_precision(*column).whole for column in columns])
        curves = {index: precision_at_recalls(*columns[index]) for index in drawn}
        counts_3K = counts_of_all(answered)[:-1].reshape(3, answered.num_classes)
        return cls(counts_3K, precisions_K, curves, thresholds)


def classes_drawn(true_NK: np.ndarray, *, positive: int | None) -> list[int]:
    """The positive one of two classes, else the rarest that the test has, in their order."""
    if positive is not None:
        return [positive]
    counts_K = true_NK.sum(axis=0)
    present = [index for index in np.argsort(counts_K, kind="stable") if counts_K[index]]
    return sorted(int(index) for index in present[:MOST_CURVES])


def precision_at_recalls(scores_N: np.ndarray, true_N: np.ndarray) -> np.ndarray:
    """Precision at the highest threshold that finds at least each share of the class, ``(R,)``."""
    precision, recall = precision_recall(scores_N, true_N)
    found: np.ndarray = precision[np.searchsorted(recall, RECALLS_R - 1e-9)]
    return found


def overview(names: Sequence[str], true_NK: np.ndarray, trials: Mapping[str, Sequence[OfTrial]]) -> list[Exhibit]:
    """The curves of the drawn classes, and a table of all.

    Args:
        names: of the classes.
        true_NK: which example has which class.
        trials: those of each contender.
    """
    first = next(iter(trials.values()))[0]
    curves = [_curves(names[index], index, true_NK[:, index].mean(), trials) for index in first.curves]
    return [*curves, _table(names, true_NK.sum(axis=0), trials)]


def _curves(name: str, index: int, share: float, trials: Mapping[str, Sequence[OfTrial]]) -> LinesExhibit:
    lines = []
    for who, own in trials.items():
        mean_R = np.mean([trial.curves[index] for trial in own], axis=0).round(5)
        precision, recall, *_ = _figures(own, index)
        mark = None if precision is None or recall is None else (recall / 100, precision / 100)
        lines.append(Line(name=who, x=RECALLS_R, y=mean_R, mark=mark))
    return LinesExhibit(
        title=f"Precision against recall: {name}",
        lines=lines,
        x_label="recall: share of the class that is found",
        y_label="precision: share of what is found that is right",
        y_limits=(0.0, 1.0),
        level=float(share),
        level_name="guessing",
        note="The curves go through all thresholds; a mark is where the answers that were given lie.",
    )


def _table(names: Sequence[str], counts_K: np.ndarray, trials: Mapping[str, Sequence[OfTrial]]) -> TableExhibit:
    columns = ["class", "contender", "test examples", "precision (%)", "recall (%)", "F1 (%)", "average precision (%)"]
    settled = any(trial.thresholds for own in trials.values() for trial in own)
    rows = [
        [name, who, int(counts_K[index]), *_figures(own, index), *([_threshold(own, name)] if settled else [])]
        for index, name in enumerate(names)
        for who, own in trials.items()
    ]
    note = f", the first {MOST_ROWS} of {len(rows)} rows" if len(rows) > MOST_ROWS else ""
    return TableExhibit(
        title=f"Class by class{note}", columns=[*columns, *(["threshold"] if settled else [])], rows=rows[:MOST_ROWS]
    )


def _figures(trials: Sequence[OfTrial], index: int) -> list[float | None]:
    """Precision, recall, F1 and average precision in percent; None where no trial has one."""
    right_T, said_T, true_T = np.array([trial.counts_3K[:, index] for trial in trials]).T
    pairs = ((right_T, said_T), (right_T, true_T), (2 * right_T, said_T + true_T))
    ratios = [np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0) for over, under in pairs]
    return [_percent(values_T) for values_T in (*ratios, np.array([trial.precisions_K[index] for trial in trials]))]


def _percent(values_T: np.ndarray) -> float | None:
    known_T = values_T[np.isfinite(values_T)]
    return round(100 * float(known_T.mean()), 2) if len(known_T) else None


def _threshold(trials: Sequence[OfTrial], name: str) -> str:
    """``0.31`` or, of several trials, ``0.31 (0.12 to 0.55)``."""
    found = [trial.thresholds[name] for trial in trials if name in trial.thresholds]
    if not found:
        return "—"
    spread = f" ({min(found):.3g} to {max(found):.3g})" if max(found) > min(found) else ""
    return f"{np.mean(found):.3g}{spread}"
