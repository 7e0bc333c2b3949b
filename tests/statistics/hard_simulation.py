"""Bakeoffs on which a plain t errs: few errors, ceilings, heavy tails, examples that hang together.

Every function returns the scores (S, N) of contenders "a" and "b", equal in expectation unless accuracies differ.

Legend: S seeds, N test examples, G clusters.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from verdict_simulation import CHURN, OWN, SHARED, scores

from bakeoff.statistics import pseudo_values_from_sums

Scores = dict[str, np.ndarray]


def one_deterministic(rng: np.random.Generator, *, accuracy: float, examples: int, seeds: int) -> Scores:
    """Right or wrong; "a" makes its few errors anew with every seed, "b" the same ones always."""
    a_SN = rng.random((seeds, examples)) < accuracy
    b_N = rng.random(examples) < accuracy
    return {"a": a_SN.astype(float), "b": np.tile(b_N.astype(float), (seeds, 1))}


def both_deterministic(
    rng: np.random.Generator, *, accuracies: tuple[float, float], examples: int, seeds: int
) -> Scores:
    """Right or wrong, the same with every seed."""
    return {
        name: np.tile((rng.random(examples) < accuracy).astype(float), (seeds, 1))
        for name, accuracy in zip("ab", accuracies, strict=True)
    }


def ceiling(rng: np.random.Generator, *, examples: int, seeds: int, perfect: float = 0.98) -> Scores:
    """Overlaps between 0 and 1, nearly all of them 1; "b" is deterministic."""

    def overlaps(rows: int) -> np.ndarray:
        low = rng.random((rows, examples)) >= perfect
        return np.where(low, rng.random((rows, examples)), 1.0)

    return {"a": overlaps(seeds), "b": np.tile(overlaps(1), (seeds, 1))}


def log_normal_losses(rng: np.random.Generator, *, examples: int, seeds: int) -> Scores:
    """Losses of mean 1; sigma of the logarithm is 2 for "a" and 0.5 for "b"."""
    losses = {name: np.exp(sd * rng.standard_normal(examples) - sd**2 / 2) for name, sd in (("a", 2.0), ("b", 0.5))}
    return {name: _with_seeds(rng, loss_N, seeds) for name, loss_N in losses.items()}


def pareto_losses(rng: np.random.Generator, *, examples: int, seeds: int) -> Scores:
    """Losses of mean 1; those of "a" have a Pareto tail of index 2.5, those of "b" hardly vary."""
    heavy_N = (rng.pareto(2.5, examples) + 1) * 1.5 / 2.5
    light_N = np.exp(0.1 * rng.standard_normal(examples) - 0.005)
    return {"a": _with_seeds(rng, heavy_N, seeds), "b": _with_seeds(rng, light_N, seeds)}


def clustered(
    rng: np.random.Generator, *, cluster_N: np.ndarray, correlation: float, seeds: int, accuracy: float = 0.90
) -> Scores:
    """Right or wrong; what is easy, for everyone or for one contender, is so for whole clusters.

    Args:
        rng: source of everything random.
        cluster_N: each example's cluster.
        correlation: share of the difficulty that a cluster has in common.
        seeds: S.
        accuracy: of both contenders.
    """
    num_clusters, num_examples = int(cluster_N.max()) + 1, len(cluster_N)

    def difficulty() -> np.ndarray:
        common_N = rng.standard_normal(num_clusters)[cluster_N]
        return np.sqrt(correlation) * common_N + np.sqrt(1 - correlation) * rng.standard_normal(num_examples)

    shared_N = SHARED * difficulty()
    found = {}
    for name in "ab":
        latent_SN = ndtri(accuracy) + shared_N + OWN * difficulty() + CHURN * rng.standard_normal((seeds, num_examples))
        found[name] = (latent_SN > 0).astype(float)
    return found


def unequal_clusters(rng: np.random.Generator, *, clusters: int, mean_size: float = 10.0) -> np.ndarray:
    """Clusters whose sizes differ widely (log-normal, sigma 1): each example's cluster."""
    sizes_G = np.maximum(1, np.rint(mean_size * np.exp(rng.standard_normal(clusters) - 0.5))).astype(int)
    return np.repeat(np.arange(clusters), sizes_G)


def macro_f1_values(rng: np.random.Generator, *, shares: tuple[float, ...], examples: int, seeds: int) -> Scores:
    """Pseudo-values of macro-F1 where right and wrong are as in ``verdict_simulation``; a wrong answer is any class."""
    labels_N = rng.choice(len(shares), size=examples, p=shares)
    right = scores(rng, seeds=seeds, examples=examples, seed_sd=0.3)
    return {
        name: np.array(
            [pseudo_values_from_sums(_f1_sums(rng, labels_N, row_N, len(shares)), _macro_f1) for row_N in rows]
        )
        for name, rows in right.items()
    }


def _f1_sums(rng: np.random.Generator, labels_N: np.ndarray, right_N: np.ndarray, classes: int) -> np.ndarray:
    """Of each example its true positives, and its labels and answers, by class: (N, 3 K)."""
    others_N = (labels_N + rng.integers(1, classes, len(labels_N))) % classes
    labels_NK, answers_NK = np.eye(classes)[labels_N], np.eye(classes)[np.where(right_N > 0, labels_N, others_N)]
    return np.concatenate([labels_NK * answers_NK, labels_NK, answers_NK], axis=1)


def _macro_f1(totals: np.ndarray) -> np.ndarray:
    hits, labels, answers = np.split(totals, 3, axis=-1)
    return (2 * hits / np.maximum(labels + answers, 1)).mean(axis=-1)


def _with_seeds(rng: np.random.Generator, loss_N: np.ndarray, seeds: int) -> np.ndarray:
    return loss_N * np.exp(0.1 * rng.standard_normal((seeds, len(loss_N))) - 0.005)
