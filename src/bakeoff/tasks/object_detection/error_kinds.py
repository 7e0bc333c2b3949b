"""Which mistakes cost precision, as TIDE tells them apart, at an overlap of 0.5.

Bolya et al. 2020, "TIDE: A General Toolbox for Identifying Object Detection Errors", arXiv:2008.08115. An answer that
finds nothing is badly placed (some overlap with an object of its class), of the wrong class (at the place of an object
of another), both, double (at the place of an object that a better answer found) or false (nowhere near an object); an
object that no answer finds, nor is badly placed or wrong at, is missed. The cost of a kind is what precision would gain
if its mistakes were mended: places and classes put right, where the object has no other answer; doubles, false answers
and those that are both taken away; missed objects not asked for.

D answers, G objects.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.data.boxes.answers import Answers
from bakeoff.data.boxes.objects import Objects
from bakeoff.tasks.exhibits import TableExhibit
from bakeoff.tasks.object_detection.average_precision import average_precisions, mean_precision
from bakeoff.tasks.object_detection.matching import NOTHING, THRESHOLDS, Matches, match, overlaps, pairs_of
from bakeoff.tasks.object_detection.scores import read

KINDS = ("wrong class", "badly placed", "wrong class and place", "double", "false", "missed")
_WRONG, _PLACED, _BOTH, _DOUBLE, _FALSE, _MISSED = range(len(KINDS))
_RIGHT = -1
_SOME = 0.1  # of overlap: below, an answer and an object have nothing to do with each other


@dataclasses.dataclass(frozen=True)
class Mistakes:
    """Of each answer, by falling score, the kind of its mistake, and the object that it is about; missed objects.

    Answers that are right, or do not count, have kind -1.
    """

    kinds_D: NDArray[np.int64]
    objects_D: NDArray[np.int64]
    missed_G: NDArray[np.bool_]
    matches: Matches

    @property
    def counts(self) -> list[int]:
        """How many there are of each of `KINDS`."""
        return [int((self.kinds_D == kind).sum()) for kind in range(_MISSED)] + [int(self.missed_G.sum())]


def table(trials: Mapping[str, Iterable[pa.Table]], labels: pa.Table, *, num_classes: int) -> TableExhibit:
    """What each kind of mistake costs each contender, in points of mAP at 0.5, and how many there are a trial.

    Args:
        trials: answers of each contender's trials.
        labels: of the test.
        num_classes: how many classes there are.
    """
    cells: dict[str, list[str]] = {}
    for name, own in trials.items():
        found = [_of_trial(answers, labels, num_classes) for answers in own]
        if found:
            costs_K, counts_K = (np.mean([one[part] for one in found], axis=0) for part in range(2))
            cells[name] = [f"{100 * cost:.1f} ({count:,.0f})" for cost, count in zip(costs_K, counts_K, strict=True)]
    rows = [[kind, *(own[place] for own in cells.values())] for place, kind in enumerate(KINDS)]
    title = "What mistakes cost: points of mAP at 0.5 that mending each kind would gain, and how many there are a trial"
    return TableExhibit(title=title, columns=["mistake", *cells], rows=rows)


def _of_trial(answers: pa.Table, labels: pa.Table, num_classes: int) -> tuple[Sequence[float], Sequence[int]]:
    said, true = read(answers, labels)
    mistakes = find(said, true, num_classes=num_classes)
    return costs(mistakes, true), mistakes.counts


def find(answers: Answers, objects: Objects, *, num_classes: int) -> Mistakes:
    """The mistakes of answers to all images."""
    matches = match(answers, objects, num_classes=num_classes)
    order = np.argsort(-answers.scores_M, kind="stable")
    objects_D, ignored_D = matches.objects_RTD[0, 0].astype(np.int64), matches.ignored_RTD[0, 0]
    taken_G = np.zeros(len(objects.classes_M), dtype=bool)
    taken_G[objects_D[objects_D != NOTHING]] = True
    answers_P, others_P = pairs_of(matches.images_D, np.where(objects.crowd_M, -1, objects.images_M))
    overlaps_P = overlaps(answers.boxes_M4[order][answers_P], objects.boxes_M4[others_P])
    same_P = matches.classes_D[answers_P] == objects.classes_M[others_P]
    best = [
        _best(answers_P[which_P], others_P[which_P], overlaps_P[which_P], len(order))
        for which_P in (same_P, ~same_P, same_P & taken_G[others_P])
    ]
    (same_D, at_same_D), (other_D, at_other_D), (double_D, at_double_D) = best
    at_place = THRESHOLDS[0]
    cases = [
        (same_D >= _SOME) & (same_D < at_place),
        other_D >= at_place,
        double_D >= at_place,
        np.maximum(same_D, other_D) < _SOME,
    ]
    kinds_D = np.select(cases, [_PLACED, _WRONG, _DOUBLE, _FALSE], _BOTH)
    about_D = np.select(cases[:3], [at_same_D, at_other_D, at_double_D], NOTHING)
    right_D = (objects_D != NOTHING) | ignored_D
    kinds_D, about_D = np.where(right_D, _RIGHT, kinds_D), np.where(right_D, NOTHING, about_D)
    seen = about_D[np.isin(kinds_D, (_PLACED, _WRONG))]
    missed_G = ~taken_G & ~objects.crowd_M & ~np.isin(np.arange(len(taken_G)), seen)
    return Mistakes(kinds_D, about_D, missed_G, matches)


def _best(
    answers_P: NDArray[np.int64], objects_P: NDArray[np.int64], overlaps_P: np.ndarray, count: int
) -> tuple[np.ndarray, NDArray[np.int64]]:
    """The greatest overlap of each answer, 0 for none, and the object of it."""
    found_D, objects_D = np.zeros(count), np.full(count, NOTHING, dtype=np.int64)
    rising = np.argsort(overlaps_P, kind="stable")
    found_D[answers_P[rising]] = overlaps_P[rising]
    objects_D[answers_P[rising]] = objects_P[rising]
    return found_D, objects_D


def costs(mistakes: Mistakes, objects: Objects) -> list[float]:
    """What mean average precision at 0.5 would gain if one kind of mistake were mended; 0 with nothing to find."""
    now = _precision(mistakes.matches)
    gains = [_precision(_mended(mistakes, objects, kind)) - now for kind in range(len(KINDS))]
    return [gain if np.isfinite(gain) else 0.0 for gain in gains]


def _precision(matches: Matches) -> float:
    return mean_precision(average_precisions(matches)[:1])


def _mended(mistakes: Mistakes, objects: Objects, kind: int) -> Matches:
    """The matches at the first threshold, as they would be without one kind of mistake."""
    matches = mistakes.matches
    objects_D, ignored_D = matches.objects_RTD[0, 0].copy(), matches.ignored_RTD[0, 0].copy()
    classes_D, truth_NK = matches.classes_D.copy(), matches.truth_RNK[0].copy()
    own = np.flatnonzero(mistakes.kinds_D == kind)
    if kind == _MISSED:
        missed = mistakes.missed_G
        np.subtract.at(truth_NK, (objects.images_M[missed], objects.classes_M[missed]), 1)
    elif kind in (_PLACED, _WRONG):
        firsts = np.sort(np.unique(mistakes.objects_D[own], return_index=True)[1])  # of an object, the best answer
        mended = own[firsts][~np.isin(mistakes.objects_D[own[firsts]], objects_D)]
        ignored_D[np.setdiff1d(own, mended)] = True
        objects_D[mended] = mistakes.objects_D[mended]
        classes_D[mended] = objects.classes_M[mistakes.objects_D[mended]]
    else:
        ignored_D[own] = True
    return Matches(matches.images_D, classes_D, objects_D[None, None], ignored_D[None, None], truth_NK[None])
