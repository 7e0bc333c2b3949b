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
says nothing about the next one. Ties need no care: nothing is ranked. No variance at all gives, unguarded, p = 1 for no
difference and p = 0 otherwise, an interval of width zero and the degrees of freedom of the seeds; guarded (rules 23 and
24, ``guards``) it is no certainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.errors import DataError
from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.guards import UNGUARDED, Guard


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
        v_run: variance of the mean of one run (of one search for a family) on these examples; None if unknown.
    """

    offset: float
    scores_N: np.ndarray
    v: float
    df: float
    c: float
    num_seeds: int
    v_run: float | None = None

    @property
    def mean(self) -> float:
        """Mean score."""
        return float(self.scores_N.mean() + self.offset)


def crossed_t(
    scores_a_SN: np.ndarray, scores_b_SN: np.ndarray, *, paired: bool = False, guard: Guard = UNGUARDED
) -> Estimate:
    """Difference of two contenders on new seeds and new test examples.

    Args:
        scores_a_SN: per-example scores of A, one row per seed, one column per test example.
        scores_b_SN: the same examples scored by B; its number of seeds may differ.
        paired: row s of A and row s of B share their design (the same train/validation split per replicate, rule 13).
            The seed part then comes from the differences of the rows, with S - 1 degrees of freedom.
        guard: what guards it against few errors or skewed scores.

    Returns:
        The estimate; positive differences mean that A scores higher.

    Raises:
        DataError: not a matrix, NaN or infinite scores, unequal numbers of examples, unequal rows where paired.
    """
    if not paired:
        return sample_difference(sample(scores_a_SN), sample(scores_b_SN), guard=guard)
    a_SN, b_SN = _checked(scores_a_SN), _checked(scores_b_SN)
    if len(a_SN) != len(b_SN):
        problem = f"paired by design needs equal rows, and A has {len(a_SN)} seeds, B {len(b_SN)}"
        raise DataError("data.unequal_seeds", "paired", True, problem, next_step="paired=false")
    _check_examples(a_SN.shape[1], b_SN.shape[1])
    return sample_mean(sample(a_SN - b_SN), guard=guard)


def crossed_mean(scores_SN: np.ndarray, *, guard: Guard = UNGUARDED) -> Estimate:
    """Mean of one contender on new seeds and new test examples: the same analysis without a second contender."""
    return sample_mean(sample(scores_SN), guard=guard)


def sample(scores_SN: np.ndarray) -> Sample:
    """Sum up one contender's scores (seeds x examples), or the row differences of a paired design."""
    scores_SN = _checked(scores_SN)
    offset = float(scores_SN[0, 0])
    scores_SN = scores_SN - offset
    num_seeds = len(scores_SN)
    v = float(scores_SN.mean(axis=1).var(ddof=1) / num_seeds) if num_seeds > 1 else math.inf
    share = _residual_share(scores_SN)
    return Sample(offset, scores_SN.mean(axis=0), v, num_seeds - 1.0, share, num_seeds, num_seeds * v)


def sample_difference(a: Sample, b: Sample, *, guard: Guard = UNGUARDED) -> Estimate:
    """Difference of two contenders that scored the same examples."""
    _check_examples(len(a.scores_N), len(b.scores_N))
    d_N = a.scores_N - b.scores_N
    difference = float(d_N.mean() + (a.offset - b.offset))
    parts = [(a.v, a.df), (b.v, b.df)]
    found = _estimate(difference, d_N, parts, c=a.c + b.c, num_seeds=min(a.num_seeds, b.num_seeds), guard=guard)
    return replace(found, v_run=None if a.v_run is None or b.v_run is None else a.v_run + b.v_run)


def sample_mean(a: Sample, *, guard: Guard = UNGUARDED) -> Estimate:
    """Mean of one contender, or of the row differences of a paired design; all its seed variance is ``v_a``."""
    found = _estimate(a.mean, a.scores_N, [(a.v, a.df), (0.0, 0.0)], c=a.c, num_seeds=a.num_seeds, guard=guard)
    return replace(found, v_run=a.v_run)


def _estimate(
    difference: float,
    d_N: np.ndarray,
    seeds: Sequence[tuple[float, float]],
    *,
    c: float,
    num_seeds: int,
    guard: Guard,
) -> Estimate:
    """Put the seed variances, each with its df, the example differences and the double-counted error together."""
    (v_a, _), (v_b, _) = seeds
    num_examples = len(d_N)
    centred_N = d_N - d_N.mean()
    vex = float(d_N.var(ddof=1) / num_examples) if num_examples > 1 else math.inf

    heaviest = _heaviest(centred_N)
    added, added_equivalent = (
        guard.added(kappa, vex, heaviest, num_examples) for kappa in (guard.kappa, guard.kappa_equivalent)
    )

    def total(added: float) -> tuple[float, float]:
        guarded = vex + added
        variance = max(v_a + v_b + guarded - c, v_a + v_b, guarded)
        if variance == 0 and not guard.zero_decides:
            return math.inf, 1.0
        return variance, _degrees_of_freedom(variance, [*seeds, (guarded, num_examples - 1)])

    variance, df = total(added)
    variance_equivalent, df_equivalent = total(added_equivalent)
    return Estimate(
        difference,
        v_a,
        v_b,
        vex,
        c,
        variance,
        df,
        num_seeds,
        num_examples,
        guard=added,
        guard_unit=guard.unit(num_examples),
        variance_equivalent=variance_equivalent,
        df_equivalent=df_equivalent,
        skewness=_skewness(centred_N, total(0.0)[0]) if guard.unbounded else None,
        heaviest=heaviest,
        df_examples=_degrees_of_vex(centred_N),
    )


def _skewness(centred_N: np.ndarray, variance: float) -> float:
    """Third central moment of the mean over examples, in units of the whole standard error."""
    if variance == 0 or math.isinf(variance):
        return 0.0
    return float((centred_N**3).mean()) / len(centred_N) ** 2 / variance**1.5


def _heaviest(centred_N: np.ndarray) -> float:
    """The largest share of one example in the sum of squares."""
    squares_N = centred_N**2
    total = float(squares_N.sum())
    return float(squares_N.max()) / total if total > 0 else 0.0


def _degrees_of_vex(centred_N: np.ndarray) -> float:
    """Twice the squared variance over the variance of the estimated variance: N - 1 for normal differences."""
    num_examples, second = len(centred_N), float((centred_N**2).mean())
    if num_examples < 4 or second == 0:
        return max(num_examples - 1.0, 1.0)
    fourth = float((centred_N**4).mean())
    spread = (fourth / second**2 - (num_examples - 3) / (num_examples - 1)) / num_examples
    return float(np.clip(2 / spread if spread > 0 else math.inf, 1, num_examples - 1))


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
