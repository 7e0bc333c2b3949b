"""AUROC and average precision, of all examples and with each left out in turn, from one sort of the scores.

Both are undefined without an example of the class, AUROC also without one of the others.

B batch, K classes, G distinct scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class LeftOut:
    """A metric of all examples, and without each of them; NaN where it is undefined."""

    whole: float
    leave_out: Callable[[], np.ndarray]
    """Reckons ``without_B``."""

    @cached_property
    def without_B(self) -> np.ndarray:
        """Without each example, ``(B,)``; reckoned at the first use, as most ask for the whole alone."""
        return self.leave_out()


def auroc(scores_B: np.ndarray, true_B: np.ndarray) -> LeftOut:
    """The chance that an example of the class scores above another; ties count half (Mann and Whitney 1947).

    An example without which it is asked for takes its own wins along: ``(U - u_i) / (remaining pairs)``.
    """
    _, place_B, count_G = np.unique(scores_B, return_inverse=True, return_counts=True)
    true_G = np.bincount(place_B, weights=true_B, minlength=len(count_G))
    beaten_G = _below(count_G - true_G)
    num_true = int(true_B.sum())
    num_false = len(true_B) - num_true
    wins = float((true_G * beaten_G).sum())

    def without() -> np.ndarray:
        wins_B = np.where(true_B, beaten_G[place_B], _below(true_G[::-1])[::-1][place_B])
        pairs_B = np.where(true_B, (num_true - 1) * num_false, num_true * (num_false - 1))
        return _quotients(wins - wins_B, pairs_B)

    return LeftOut(_quotient(wins, num_true * num_false), without)


def average_precision(scores_B: np.ndarray, true_B: np.ndarray) -> LeftOut:
    """The mean over examples of the class of the precision at their score, examples of equal score counted together.

    Without example j, precision changes at every score up to its own: by one in the count, and for an example of the
    class by one among the right ones too; sums over scores above and up to its own give all of them at once.
    """
    place_B, count_G, true_G = _from_the_top(scores_B, true_B)
    right_G, said_G = np.cumsum(true_G), np.cumsum(count_G)
    num_true = float(right_G[-1])
    kept_G = true_G * right_G / said_G

    def without() -> np.ndarray:
        fewer_G = np.maximum(said_G - 1, 1)
        above_G = np.cumsum(kept_G) - kept_G
        without_true_G = _from_here(true_G * (right_G - 1) / fewer_G) - (right_G - 1) / fewer_G
        without_false_G = _from_here(true_G * right_G / fewer_G)
        sums_B = above_G[place_B] + np.where(true_B, without_true_G[place_B], without_false_G[place_B])
        return _quotients(sums_B, num_true - true_B)

    return LeftOut(_quotient(float(kept_G.sum()), num_true), without)


RANKED: Mapping[str, Callable[[np.ndarray, np.ndarray], LeftOut]] = {
    "auroc": auroc,
    "average_precision": average_precision,
}
OF_NONE = {"auroc": 0.5, "average_precision": 0.0}
"""Where no class has a value: what answers that know nothing have."""


def averaged(name: str, scores_BK: np.ndarray, true_BK: np.ndarray) -> LeftOut:
    """The mean over the classes for which it is defined; NaN where a score is."""
    if not np.isfinite(scores_BK).all():
        return LeftOut(float("nan"), lambda: np.full(len(scores_BK), np.nan))
    found = [RANKED[name](scores_B, true_B) for scores_B, true_B in zip(scores_BK.T, true_BK.T, strict=True)]

    def means(values_XK: np.ndarray) -> np.ndarray:
        defined_XK = np.isfinite(values_XK)
        sums_X, counts_X = np.where(defined_XK, values_XK, 0.0).sum(axis=1), defined_XK.sum(axis=1)
        return np.where(counts_X > 0, sums_X / np.maximum(counts_X, 1), OF_NONE[name])

    (whole,) = means(np.array([[of_one.whole for of_one in found]]))
    return LeftOut(float(whole), lambda: means(np.column_stack([of_one.without_B for of_one in found])))


def precision_recall(scores_B: np.ndarray, true_B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall from the highest score to the lowest, ``(G,)`` each; recall is NaN without the class."""
    _, count_G, true_G = _from_the_top(scores_B, true_B)
    right_G, said_G = np.cumsum(true_G), np.cumsum(count_G)
    return right_G / said_G, _quotients(right_G, np.full(len(right_G), right_G[-1]))


def _from_the_top(scores_B: np.ndarray, true_B: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each example's place among the distinct scores from the top, and of each its examples and those of the class."""
    _, place_B, count_G = np.unique(-scores_B, return_inverse=True, return_counts=True)
    return place_B, count_G, np.bincount(place_B, weights=true_B, minlength=len(count_G))


def _below(count_G: np.ndarray) -> np.ndarray:
    """How many lie at lower scores, those of the same one counted half."""
    return np.cumsum(count_G) - count_G / 2


def _from_here(values_G: np.ndarray) -> np.ndarray:
    """Sums over this score and all that follow."""
    return np.cumsum(values_G[::-1])[::-1]


def _quotient(over: float, under: float) -> float:
    return over / under if under > 0 else float("nan")


def _quotients(over_B: np.ndarray, under_B: np.ndarray) -> np.ndarray:
    return np.divide(over_B, under_B, out=np.full(len(over_B), np.nan), where=under_B > 0)
