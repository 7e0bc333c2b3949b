"""Jackknife pseudo-values: per-example scores for metrics that are not means of per-example scores (rule 12).

F1, BLEU, mAP and AUC belong to the whole test set. Their pseudo-value of example i, ``N m - (N - 1) m_(-i)`` with
``m_(-i)`` the metric without i (Quenouille 1956; Tukey 1958), behaves like a score of that example, and its variance
over examples is the sampling variance. All are moved by one number so that their mean is the metric itself, as the
leaderboard shows it, in place of the jackknife's estimate without bias; the variance stays. For a mean of scores the
pseudo-values are the scores themselves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bakeoff.errors import DataError


def pseudo_values(metric: Callable[[np.ndarray], float], num_examples: int) -> np.ndarray:
    """Pseudo-values of any metric, by leaving each example out once.

    Args:
        metric: from the indices of the examples to include, (M,) int, to the metric of one trial on them.
        num_examples: test examples, at least two; ``metric`` is called once more than that.

    Returns:
        (N,) float64, to be used as one row of the per-example scores.

    Raises:
        DataError: fewer than two examples, or the metric is not finite without one of them.
    """
    _check_count(num_examples)
    all_N = np.arange(num_examples)
    left_out_N = np.array([metric(np.delete(all_N, index)) for index in range(num_examples)], dtype=np.float64)
    return pseudo_values_from_left_out(float(metric(all_N)), left_out_N)


def pseudo_values_from_sums(sums_NK: np.ndarray, metric: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Pseudo-values of a metric of sums over examples (F1, BLEU, micro averages, R^2), in one call for all examples.

    Args:
        sums_NK: what each example adds, K numbers (for F1: true positive, false positive, false negative).
        metric: from totals (..., K) to metrics (...), vectorised over the leading axes.

    Returns:
        (N,) float64, equal to ``pseudo_values`` of the same metric.

    Raises:
        DataError: fewer than two examples, or the metric is not finite without one of them.
    """
    sums_NK = np.asarray(sums_NK, dtype=np.float64)
    _check_count(len(sums_NK))
    total_K = sums_NK.sum(axis=0)
    left_out_N = np.asarray(metric(total_K - sums_NK), dtype=np.float64)
    return pseudo_values_from_left_out(float(metric(total_K)), left_out_N)


def pseudo_values_from_left_out(whole: float, left_out_N: np.ndarray) -> np.ndarray:
    """Pseudo-values of a metric that is known of all examples and without each of them, as of ranks.

    Args:
        whole: of all N examples.
        left_out_N: without each.

    Raises:
        DataError: fewer than two examples, or a value that is not finite.
    """
    _check_count(len(left_out_N))
    values_N = whole + (len(left_out_N) - 1) * (left_out_N.mean() - left_out_N)
    if not np.isfinite(values_N).all():
        index = int(np.flatnonzero(~np.isfinite(values_N))[0])
        problem = f"the metric is not finite on all examples or without example {index}"
        raise DataError("data.nan_scores", "metric", None, problem, next_step="define the metric where a count is zero")
    return values_N


def _check_count(num_examples: int) -> None:
    if num_examples < 2:
        problem = "the jackknife leaves one example out, so it needs at least two"
        raise DataError("data.too_few_examples", "num_examples", num_examples, problem, allowed="2 or more")
