"""Crossed t: two contenders compared over seeds x test examples, both of them samples (rule 12).

The multi-reader multi-case analysis of Obuchowski & Rockette 1995 ("Hypothesis testing of diagnostic accuracy for
multiple readers and multiple tests", Commun. Stat. Simul. Comput. 24) with the degrees of freedom of Hillis 2007
(Stat. Med. 26), where seeds stand for readers and test examples for cases. Legend: S seeds, N test examples.

    d_i = mean_s A_si - mean_s B_si            v_a, v_b = variance of the seed means / S
    vex = variance of d_i / N                  c = MSE_A / (S_a N) + MSE_B / (S_b N), MSE: two-way residual
    V   = max(v_a + v_b + vex - c, v_a + v_b, vex)
    df  = V^2 / (v_a^2 / (S_a - 1) + v_b^2 / (S_b - 1) + vex^2 / (N - 1))

The residual error of single scores is inside v_a + v_b and inside vex, so it is taken off once.

Edge cases: one seed or one example makes the variance infinite (p = 1, an unbounded interval), because one of a kind
says nothing about the next one. No variance at all gives p = 1 for no difference and p = 0 otherwise, an interval of
width zero and the degrees of freedom of the seeds. Ties need no care: nothing is ranked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bakeoff.errors import DataError
from bakeoff.statistics.estimates import Estimate


def crossed_t(scores_a_SN: np.ndarray, scores_b_SN: np.ndarray, *, paired: bool = False) -> Estimate:
    """Difference of two contenders on new seeds and new test examples.

    Args:
        scores_a_SN: per-example scores of A, one row per seed, one column per test example.
        scores_b_SN: the same examples scored by B; its number of seeds may differ.
        paired: row s of A and row s of B share their design (the same train/validation split per replicate, rule 13).
            The seed part then comes from the differences of the rows, with S - 1 degrees of freedom.

    Returns:
        The estimate; positive differences mean that A scores higher.

    Raises:
        DataError: not a matrix, NaN or infinite scores, unequal numbers of examples, unequal rows where paired.
    """
    a_SN, b_SN = _checked(scores_a_SN, "scores_a"), _checked(scores_b_SN, "scores_b")
    if a_SN.shape[1] != b_SN.shape[1]:
        problem = f"A has {a_SN.shape[1]} test examples and B has {b_SN.shape[1]}"
        raise DataError("data.unequal_examples", "scores", None, problem, next_step="score the same examples with both")
    offset = a_SN[0, 0] - b_SN[0, 0]
    # Taking a score off first keeps constant scores exactly constant, so that zero variance is exactly zero.
    a_SN, b_SN = a_SN - a_SN[0, 0], b_SN - b_SN[0, 0]
    if paired:
        return _paired(a_SN, b_SN, offset)
    v_a, v_b = seed_variance(a_SN), seed_variance(b_SN)
    c = _residual_share(a_SN) + _residual_share(b_SN)
    d_N = a_SN.mean(axis=0) - b_SN.mean(axis=0)
    seeds = [(v_a, len(a_SN) - 1), (v_b, len(b_SN) - 1)]
    return combine(float(d_N.mean() + offset), d_N, seeds=seeds, c=c, num_seeds=min(len(a_SN), len(b_SN)))


def crossed_mean(scores_SN: np.ndarray) -> Estimate:
    """Mean of one contender on new seeds and new test examples: the same analysis without a second contender."""
    scores_SN = _checked(scores_SN, "scores")
    offset = scores_SN[0, 0]
    scores_SN = scores_SN - offset
    mean_N = scores_SN.mean(axis=0)
    seeds = [(seed_variance(scores_SN), len(scores_SN) - 1), (0.0, 1)]
    c = _residual_share(scores_SN)
    return combine(float(mean_N.mean() + offset), mean_N, seeds=seeds, c=c, num_seeds=len(scores_SN))


def seed_variance(scores_SN: np.ndarray) -> float:
    """Variance of the mean over seeds: variance of the S seed means / S; infinite for one seed."""
    num_seeds = len(scores_SN)
    return float(scores_SN.mean(axis=1).var(ddof=1) / num_seeds) if num_seeds > 1 else math.inf


def combine(
    difference: float,
    d_N: np.ndarray,
    *,
    seeds: Sequence[tuple[float, float]],
    c: float,
    num_seeds: int,
    paired: bool = False,
) -> Estimate:
    """Put seed variances (each with its df), example differences and the double-counted error together.

    Args:
        difference: the estimated difference, score units.
        d_N: difference per example, averaged over seeds.
        seeds: (variance, degrees of freedom) of A and of B; for a paired design those of the row differences, and zero.
        c: error variance counted twice.
        num_seeds: of the contender with fewer.
        paired: the first entry of ``seeds`` already is the variance of the difference; it is reported in equal halves.
    """
    v_seeds = seeds[0][0] + seeds[1][0]
    vex = float(d_N.var(ddof=1) / len(d_N)) if len(d_N) > 1 else math.inf
    variance = max(v_seeds + vex - c, v_seeds, vex)
    v_a, v_b = (v_seeds / 2, v_seeds / 2) if paired else (seeds[0][0], seeds[1][0])
    df = _degrees_of_freedom(variance, [*seeds, (vex, len(d_N) - 1)])
    return Estimate(difference, v_a, v_b, v_seeds, vex, c, variance, df, num_seeds, len(d_N))


def _degrees_of_freedom(variance: float, parts: Sequence[tuple[float, float]]) -> float:
    """Satterthwaite's df; those of the seeds where there is no variance, 1 where it is unknown."""
    if math.isinf(variance):
        return 1.0
    if variance == 0:
        return float(max(1, sum(df for _, df in parts[:-1])))
    return variance**2 / sum(part**2 / df for part, df in parts if part > 0)


def _paired(a_SN: np.ndarray, b_SN: np.ndarray, offset: float) -> Estimate:
    if len(a_SN) != len(b_SN):
        problem = f"paired by design needs equal rows, and A has {len(a_SN)} seeds, B {len(b_SN)}"
        raise DataError("data.unequal_seeds", "paired", True, problem, next_step="paired=false")
    d_SN = a_SN - b_SN
    d_N = d_SN.mean(axis=0)
    seeds = [(seed_variance(d_SN), len(d_SN) - 1.0), (0.0, 1.0)]
    difference = float(d_N.mean() + offset)
    return combine(difference, d_N, seeds=seeds, c=_residual_share(d_SN), num_seeds=len(d_SN), paired=True)


def _residual_share(scores_SN: np.ndarray) -> float:
    """Two-way residual mean square / (S N); 0 for one row or one column, which leave no residual."""
    num_seeds, num_examples = scores_SN.shape
    if num_seeds == 1 or num_examples == 1:
        return 0.0
    residual_SN = scores_SN - scores_SN.mean(axis=1, keepdims=True)
    residual_SN -= residual_SN.mean(axis=0)
    mean_square = float(np.vdot(residual_SN, residual_SN)) / ((num_seeds - 1) * (num_examples - 1))
    return mean_square / (num_seeds * num_examples)


def _checked(scores_SN: np.ndarray, name: str) -> np.ndarray:
    scores_SN = np.asarray(scores_SN, dtype=np.float64)
    if scores_SN.ndim != 2 or scores_SN.size == 0:
        problem = f"expected a matrix of seeds x examples, got shape {scores_SN.shape}"
        raise DataError("data.bad_scores", name, None, problem)
    if not np.isfinite(scores_SN).all():
        count = int((~np.isfinite(scores_SN)).sum())
        next_step = "score failed trials as the trivial predictor; never drop them"
        raise DataError("data.nan_scores", name, None, f"{count} scores are NaN or infinite", next_step=next_step)
    return scores_SN
