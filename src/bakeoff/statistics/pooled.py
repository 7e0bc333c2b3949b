"""Family claim: expected test score of the best of m among T random trials, tuning luck included (rule 9).

Legend: T trials of a contender, N test examples. Trials sorted by validation, worst first; the trial of rank r is the
best of m drawn without replacement with probability ``w_r = C(r - 1, m - 1) / C(T, m)`` (after Dodge et al. 2019,
"Show your work", arXiv:1909.03004, as a U-statistic of test scores). ``theta = sum_r w_r test_(r)``.

Trials must be exchangeable: independent random search, a fresh seed each. The variance over trials is the jackknife's,
``v = (T - 1) / T sum_j (theta_(-j) - mean)^2``, with df = clip(2 ubar^2 T / (mean(u^2) - ubar^2), 2, T - 1) for
``u_j = (theta_(-j) - mean)^2``. Trials of equal validation score share their weights, so their order cannot matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from math import comb

import numpy as np

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics.crossed import Sample

MIN_TRIALS = 12
DEFAULT_BEST_OF = 5


def best_of(num_trials: int, m: int | None = None) -> int:
    """The m to use for T trials: the one asked for, or 5, or T // 4 if that is less.

    Raises:
        ConfigError: T below 12 or below 4 m, too few for the jackknife over trials.
    """
    if num_trials < MIN_TRIALS:
        problem = f"the family claim needs at least {MIN_TRIALS} trials per contender"
        raise ConfigError("config.tune_trials", "tune.trials", num_trials, problem, next_step="tune.trials=20")
    m = min(DEFAULT_BEST_OF, num_trials // 4) if m is None else m
    if not 1 <= m <= num_trials // 4:
        problem = f"best of m among {num_trials} trials needs at least 4 m trials"
        raise ConfigError("config.tune_best_of", "m", m, problem, allowed=f"1 to {num_trials // 4}")
    return m


def pool(test_TN: np.ndarray, validation_T: np.ndarray, *, m: int) -> Sample:
    """Expected test score of the best of ``m`` trials by validation, with its jackknife variance over trials.

    Args:
        test_TN: per-example test scores, one row per trial.
        validation_T: validation score per trial, higher is better; decides the ranks, never enters the score.
        m: trials of one search; 1 gives the plain mean over trials.

    Returns:
        The family, to be compared by ``sample_difference``: the crossed t with the jackknife over trials in place of
        the seeds, and no c term.

    Raises:
        DataError: NaN, or a validation score missing.
    """
    test_TN, validation_T = np.asarray(test_TN, dtype=np.float64), np.asarray(validation_T, dtype=np.float64)
    if validation_T.shape != test_TN.shape[:1]:
        problem = f"{len(test_TN)} trials have test scores and {len(validation_T)} have a validation score"
        raise DataError("data.missing_rows", "validation", None, problem)
    if not (np.isfinite(test_TN).all() and np.isfinite(validation_T).all()):
        raise DataError("data.nan_scores", "validation", None, "test and validation scores must be finite")
    num_trials = len(validation_T)
    offset = float(test_TN[0, 0])
    weight_T, means_T = selection_weights(validation_T, m), (test_TN - offset).mean(axis=1)
    scores_N = weight_T @ (test_TN - offset)
    v, df = _jackknife(means_T, validation_T, m)
    v_run = float(weight_T @ (means_T - weight_T @ means_T) ** 2)
    return Sample(offset, scores_N, v, df, 0.0, num_trials, v_run)


def selection_weights(validation_T: np.ndarray, m: int) -> np.ndarray:
    """Probability of each trial to be the best of ``m`` drawn without replacement, (T,), summing to 1."""
    num_trials = len(validation_T)
    by_rank_T = np.array([comb(rank, m - 1) for rank in range(num_trials)], dtype=np.float64) / comb(num_trials, m)
    _, group_T, size_G = np.unique(validation_T, return_inverse=True, return_counts=True)
    ends_G = np.cumsum(size_G)
    cumulative = np.concatenate([[0.0], np.cumsum(by_rank_T)])
    share_G = (cumulative[ends_G] - cumulative[ends_G - size_G]) / size_G
    return share_G[group_T]


def crossings(curves: Mapping[str, Mapping[int, float]]) -> list[tuple[str, int, str, int]]:
    """Where two contenders change places: ``(who leads, at best of, who leads then, at best of)``.

    Args:
        curves: expected score by m of each contender, higher is better.
    """
    found = []
    for a, b in combinations(sorted(curves), 2):
        gaps = [(m, curves[a][m] - curves[b][m]) for m in sorted(set(curves[a]) & set(curves[b]))]
        for (before, old), (after, new) in pairwise([(m, gap) for m, gap in gaps if gap != 0]):
            if (old > 0) != (new > 0):
                first, then = (a, b) if old > 0 else (b, a)
                found.append((first, before, then, after))
    return found


def _jackknife(means_T: np.ndarray, validation_T: np.ndarray, m: int) -> tuple[float, float]:
    num_trials = len(means_T)
    kept_T = ~np.eye(num_trials, dtype=bool)
    left_out_T = np.array([selection_weights(validation_T[kept], m) @ means_T[kept] for kept in kept_T])
    squares_T = (left_out_T - left_out_T.mean()) ** 2
    v = float((num_trials - 1) / num_trials * squares_T.sum())
    spread = float((squares_T**2).mean() - squares_T.mean() ** 2)
    limit = num_trials - 1.0
    df = float(np.clip(2 * squares_T.mean() ** 2 * num_trials / spread, 2, limit)) if spread > 0 else limit
    return v, df
