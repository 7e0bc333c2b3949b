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
from dataclasses import dataclass

import numpy as np

from bakeoff.errors import DataError
from bakeoff.statistics.estimates import Estimate


@dataclass(frozen=True)
class Sample:
    """One contender, summed up for every comparison that it enters.

    Attributes:
        offset: a score taken off first, which keeps constant scores exactly constant: zero variance is exactly zero.
        scores_N: score per example, averaged over seeds (for a family: weighted over trials), less the offset.
        v: variance of the mean over seeds (trials); infinite for one seed.
        df: degrees of freedom of ``v``.
        c: error variance that ``v`` shares with the variance over examples.
        num_seeds: seeds, or trials of a family.
    """

    offset: float
    scores_N: np.ndarray
    v: float
    df: float
    c: float
    num_seeds: int

    @property
    def mean(self) -> float:
        """Mean score."""
        return float(self.scores_N.mean() + self.offset)


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
    if not paired:
        return sample_difference(sample(scores_a_SN), sample(scores_b_SN))
    a_SN, b_SN = _checked(scores_a_SN), _checked(scores_b_SN)
    if len(a_SN) != len(b_SN):
        problem = f"paired by design needs equal rows, and A has {len(a_SN)} seeds, B {len(b_SN)}"
        raise DataError("data.unequal_seeds", "paired", True, problem, next_step="paired=false")
    _check_examples(a_SN.shape[1], b_SN.shape[1])
    return sample_mean(sample(a_SN - b_SN))


def crossed_mean(scores_SN: np.ndarray) -> Estimate:
    """Mean of one contender on new seeds and new test examples: the same analysis without a second contender."""
    return sample_mean(sample(scores_SN))


def sample(scores_SN: np.ndarray) -> Sample:
    """Sum up one contender's scores (seeds x examples), or the row differences of a paired design."""
    scores_SN = _checked(scores_SN)
    offset = float(scores_SN[0, 0])
    scores_SN = scores_SN - offset
    num_seeds = len(scores_SN)
    v = float(scores_SN.mean(axis=1).var(ddof=1) / num_seeds) if num_seeds > 1 else math.inf
    return Sample(offset, scores_SN.mean(axis=0), v, num_seeds - 1.0, _residual_share(scores_SN), num_seeds)


def sample_difference(a: Sample, b: Sample) -> Estimate:
    """Difference of two contenders that scored the same examples."""
    _check_examples(len(a.scores_N), len(b.scores_N))
    d_N = a.scores_N - b.scores_N
    difference = float(d_N.mean() + (a.offset - b.offset))
    return _estimate(difference, d_N, [(a.v, a.df), (b.v, b.df)], c=a.c + b.c, num_seeds=min(a.num_seeds, b.num_seeds))


def sample_mean(a: Sample) -> Estimate:
    """Mean of one contender, or of the row differences of a paired design; all its seed variance is ``v_a``."""
    return _estimate(a.mean, a.scores_N, [(a.v, a.df), (0.0, 0.0)], c=a.c, num_seeds=a.num_seeds)


def _estimate(
    difference: float, d_N: np.ndarray, seeds: Sequence[tuple[float, float]], *, c: float, num_seeds: int
) -> Estimate:
    """Put the seed variances, each with its df, the example differences and the double-counted error together."""
    (v_a, _), (v_b, _) = seeds
    vex = float(d_N.var(ddof=1) / len(d_N)) if len(d_N) > 1 else math.inf
    variance = max(v_a + v_b + vex - c, v_a + v_b, vex)
    df = _degrees_of_freedom(variance, [*seeds, (vex, len(d_N) - 1)])
    return Estimate(difference, v_a, v_b, vex, c, variance, df, num_seeds, len(d_N))


def _degrees_of_freedom(variance: float, parts: Sequence[tuple[float, float]]) -> float:
    """Satterthwaite's df; those of the seeds where there is no variance, 1 where it is unknown."""
    if math.isinf(variance):
        return 1.0
    if variance == 0:
        return max(1.0, sum(df for _, df in parts[:-1]))
    return variance**2 / sum(part**2 / df for part, df in parts if part > 0)


def _residual_share(scores_SN: np.ndarray) -> float:
    """Two-way residual mean square / (S N); 0 for one row or one column, which leave no residual."""
    num_seeds, num_examples = scores_SN.shape
    if num_seeds == 1 or num_examples == 1:
        return 0.0
    residual_SN = scores_SN - scores_SN.mean(axis=1, keepdims=True)
    residual_SN -= residual_SN.mean(axis=0)
    mean_square = float(np.vdot(residual_SN, residual_SN)) / ((num_seeds - 1) * (num_examples - 1))
    return mean_square / (num_seeds * num_examples)


def _checked(scores_SN: np.ndarray) -> np.ndarray:
    scores_SN = np.asarray(scores_SN, dtype=np.float64)
    if scores_SN.ndim != 2 or scores_SN.size == 0:
        problem = f"expected a matrix of seeds x examples, got shape {scores_SN.shape}"
        raise DataError("data.bad_scores", "scores", None, problem)
    if not np.isfinite(scores_SN).all():
        count = int((~np.isfinite(scores_SN)).sum())
        next_step = "score failed trials as the trivial predictor; never drop them"
        raise DataError("data.nan_scores", "scores", None, f"{count} scores are NaN or infinite", next_step=next_step)
    return scores_SN


def _check_examples(of_a: int, of_b: int) -> None:
    if of_a != of_b:
        problem = f"A has {of_a} test examples and B has {of_b}"
        raise DataError("data.unequal_examples", "scores", None, problem, next_step="score the same examples with both")
