"""Metrics of how often each class is said, is true, and is both: from totals over examples, of any subset of them.

Totals are ``(..., 3 K + 1)``: right, said and true of each class, and the number of examples. A quotient without a
denominator is 0.

B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bakeoff.tasks.classes.answered import Answered


def counts_by_example(answered: Answered) -> np.ndarray:
    """What each example adds to the totals, ``(B, 3 K + 1)``."""
    said_BK, true_BK = answered.said_BK.astype(np.float64), answered.true_BK.astype(np.float64)
    return np.concatenate([said_BK * true_BK, said_BK, true_BK, np.ones((len(said_BK), 1))], axis=1)


def counts_of_all(answered: Answered) -> np.ndarray:
    """The totals, ``(3 K + 1,)``."""
    said_BK, true_BK = answered.said_BK, answered.true_BK
    sums = [counts_BK.sum(axis=0) for counts_BK in (said_BK & true_BK, said_BK, true_BK)]
    return np.concatenate([*sums, [len(said_BK)]]).astype(np.float64)


def f1_macro(totals: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that occur."""
    right, said, true, _ = _split(totals)
    return _mean(_ratio(2 * right, said + true), said + true > 0)


def precision_macro(totals: np.ndarray) -> np.ndarray:
    """Mean precision over the classes that occur."""
    right, said, true, _ = _split(totals)
    return _mean(_ratio(right, said), said + true > 0)


def recall_macro(totals: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that occur."""
    right, said, true, _ = _split(totals)
    return _mean(_ratio(right, true), said + true > 0)


def balanced_accuracy(totals: np.ndarray) -> np.ndarray:
    """Mean recall over the classes of the labels."""
    right, _, true, _ = _split(totals)
    return _mean(_ratio(right, true), true > 0)


def balanced_accuracy_of_each(totals: np.ndarray) -> np.ndarray:
    """Of several labels: that of each one's presence and absence, averaged over the labels that occur."""
    right, said, true, count = _split(totals)
    present, absent = true > 0, count - true > 0
    recalls = _ratio(right, true) + _ratio(count - said - true + right, count - true)
    return _mean(_ratio(recalls, 1.0 * present + absent), said + true > 0)


def mcc(totals: np.ndarray) -> np.ndarray:
    """Matthews' correlation of one label among K (Gorodkin 2004, equation 8)."""
    right, said, true, count = _split(totals)
    count = count[..., 0]
    covariance = right.sum(axis=-1) * count - (said * true).sum(axis=-1)
    spread = (count**2 - (said**2).sum(axis=-1)) * (count**2 - (true**2).sum(axis=-1))
    return _ratio(covariance, np.sqrt(np.maximum(spread, 0.0)))


def mcc_of_each(totals: np.ndarray) -> np.ndarray:
    """Of several labels: the mean of each one's over the labels that occur."""
    right, said, true, count = _split(totals)
    spread = said * (count - said) * true * (count - true)
    return _mean(_ratio(right * count - said * true, np.sqrt(np.maximum(spread, 0.0))), said + true > 0)


def of_one(metric: Callable[[np.ndarray], np.ndarray], index: int) -> Callable[[np.ndarray], np.ndarray]:
    """A macro average of one class alone."""
    return lambda totals: metric(np.stack([*(part[..., index] for part in _split(totals)[:3]), totals[..., -1]], -1))


AVERAGED: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "balanced_accuracy": balanced_accuracy,
    "f1_macro": f1_macro,
    "precision_macro": precision_macro,
    "recall_macro": recall_macro,
    "mcc": mcc,
}
"""Metrics of one label an example."""
OF_SEVERAL = {**AVERAGED, "balanced_accuracy": balanced_accuracy_of_each, "mcc": mcc_of_each}
"""Metrics of several labels an example."""
OF_POSITIVE = {"f1": f1_macro, "precision": precision_macro, "recall": recall_macro}
"""Metrics of the positive one of two classes."""


def _split(totals: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Right, said and true, ``(..., K)`` each, and the count, ``(..., 1)``."""
    right, said, true = np.split(totals[..., :-1], 3, axis=-1)
    return right, said, true, totals[..., -1:]


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(over, under, out=np.zeros(np.broadcast_shapes(over.shape, under.shape)), where=under > 0)


def _mean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Over the classes that count; 0 where none does."""
    return (values * counts).sum(axis=-1) / np.maximum(counts.sum(axis=-1), 1)
