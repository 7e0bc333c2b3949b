"""COCO's average precision of matched answers, of all images and without each of them.

Precision is read at 101 levels of recall, at each the best that is reached there or beyond. That best is always reached
at an answer that found something, so only those are gone through. Without an image, some of them are gone and the
others move up by the answers of that image that stood before them: no matching and no sorting is done again.

N images, K classes, T thresholds, F answers that found something, B images left out, one at a time.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bakeoff.tasks.object_detection.matching import NOTHING, Matches

LEVELS = np.linspace(0.0, 1.0, 101)
_MOST_AT_ONCE = 2_000_000  # numbers


@dataclasses.dataclass(frozen=True)
class _Ranking:
    """Of one class at one threshold: where those that found something stand among all that count, and their images.

    ``images_C`` are those of all answers that count, by falling score.
    """

    places_F: NDArray[np.int64]
    images_C: NDArray[np.int64]

    @property
    def images_F(self) -> NDArray[np.int64]:
        return self.images_C[self.places_F]


def average_precisions(matches: Matches, *, area: int = 0) -> np.ndarray:
    """Of each threshold and class, ``(T, K)``; nan for a class of which there is nothing to find."""
    truth_NK = matches.truth_RNK[area]
    found_TK = np.full((matches.objects_RTD.shape[1], truth_NK.shape[1]), np.nan)
    for kind in np.flatnonzero(truth_NK.any(axis=0)):
        for threshold in range(len(found_TK)):
            ranking = _ranking(matches, area, threshold, int(kind))
            found_TK[threshold, kind] = _of_all(ranking, int(truth_NK[:, kind].sum()))
    return found_TK


def mean_precision(precisions_TK: np.ndarray) -> float:
    """The mean over thresholds and classes; nan where there is nothing to find."""
    return float(np.nanmean(precisions_TK)) if np.isfinite(precisions_TK).any() else float("nan")


def left_out(matches: Matches, thresholds: range, *, area: int = 0) -> np.ndarray:
    """The mean average precision without each image, ``(N,)``; nan where nothing else is to be found."""
    truth_NK = matches.truth_RNK[area]
    sums_NK = np.zeros(truth_NK.shape)
    for kind in np.flatnonzero(truth_NK.any(axis=0)):
        for threshold in thresholds:
            ranking = _ranking(matches, area, threshold, int(kind))
            sums_NK[:, kind] += _without_each(ranking, truth_NK[:, kind])
    sums_NK[truth_NK.sum(axis=0) == truth_NK] = np.nan  # the class has objects in that image alone, or nowhere
    counts_N = np.isfinite(sums_NK).sum(axis=1)
    means_N: np.ndarray = np.divide(
        np.nansum(sums_NK, axis=1), counts_N * len(thresholds), out=np.full(len(sums_NK), np.nan), where=counts_N > 0
    )
    return means_N


def _ranking(matches: Matches, area: int, threshold: int, kind: int) -> _Ranking:
    counts_C = np.flatnonzero((matches.classes_D == kind) & ~matches.ignored_RTD[area, threshold])
    return _Ranking(
        np.flatnonzero(matches.objects_RTD[area, threshold, counts_C] != NOTHING), matches.images_D[counts_C]
    )


def _levels(num_truth: int) -> NDArray[np.int64]:
    """How many levels of recall are first reached when so many objects are found; from none on."""
    needed = np.searchsorted(np.arange(1, num_truth + 1) / num_truth, LEVELS) + 1
    return np.bincount(needed, minlength=num_truth + 1)


def _of_all(ranking: _Ranking, num_truth: int) -> float:
    numbers_F = np.arange(1, len(ranking.places_F) + 1)
    best_F = np.maximum.accumulate((numbers_F / (ranking.places_F + 1))[::-1])[::-1]
    return float(best_F @ _levels(num_truth)[numbers_F]) / len(LEVELS)


def _without_each(ranking: _Ranking, truth_N: NDArray[np.int64]) -> np.ndarray:
    """The average precision without each image, ``(N,)``; 0 where nothing else is to be found."""
    num_truth = int(truth_N.sum())
    found_N = np.full(len(truth_N), _of_all(ranking, num_truth))
    touched_N = truth_N > 0
    touched_N[ranking.images_C] = True
    rows = np.flatnonzero(touched_N)
    levels = {left: _levels(left) for left in {num_truth - int(own) for own in truth_N[rows]} if left}
    step = max(1, _MOST_AT_ONCE // (len(ranking.places_F) + 1))
    for start in range(0, len(rows), step):
        some_B = rows[start : start + step]
        found_N[some_B] = _without(ranking, some_B, num_truth - truth_N[some_B], levels)
    return found_N


def _without(
    ranking: _Ranking, rows_B: NDArray[np.int64], left_B: NDArray[np.int64], levels: dict[int, NDArray[np.int64]]
) -> np.ndarray:
    places_F, count = ranking.places_F, len(ranking.places_F)
    own_BF = ranking.images_F[None] == rows_B[:, None]
    numbers_BF = np.cumsum(~own_BF, axis=1)
    # how many answers of the image stand before each: each one moves up all that come after it
    place_of = np.full(int(max(rows_B.max(), ranking.images_C.max(initial=0))) + 1, -1)
    place_of[rows_B] = np.arange(len(rows_B))
    its_C = place_of[ranking.images_C]
    after_C = np.searchsorted(places_F, np.arange(len(its_C)), side="right")
    flat = its_C[its_C >= 0] * (count + 1) + after_C[its_C >= 0]
    before_BF = np.bincount(flat, minlength=len(rows_B) * (count + 1)).reshape(len(rows_B), count + 1).cumsum(axis=1)
    standing_BF = np.maximum(places_F + 1 - before_BF[:, :count], 1)
    best_BF = np.maximum.accumulate(np.where(own_BF, 0, numbers_BF / standing_BF)[:, ::-1], axis=1)[:, ::-1]
    weights_BF = np.zeros(best_BF.shape)
    for left, own_levels in levels.items():
        its_B = left_B == left
        weights_BF[its_B] = own_levels[numbers_BF[its_B]]
    weights_BF[own_BF] = 0
    precisions_B: np.ndarray = (best_BF * weights_BF).sum(axis=1) / len(LEVELS)
    return precisions_B
