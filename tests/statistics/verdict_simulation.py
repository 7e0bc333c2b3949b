"""Bakeoffs whose truth is known: right-or-wrong scores with shared difficulty, seed noise and churn.

A contender answers example i with seed s correctly if a latent margin is positive::

    mu + sqrt(.72) shared_i + sqrt(.16) own_i + seed_s + sqrt(.12) churn_si > 0

``shared`` is how easy an example is for everyone, ``own`` how easy for this architecture, ``seed`` what a seed adds on
all examples, ``churn`` what changes with nothing but the seed. Contenders of the *same* algorithm share ``own``;
*different* ones draw their own, and are still equal in expectation when their ``mu`` is. With 90 % correct, two seeds
of one algorithm disagree on about 7 % of the examples and two architectures on about 10 %.

Legend: K contenders, S seeds (or T trials), N test examples.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri

SHARED, OWN, CHURN = math.sqrt(0.72), math.sqrt(0.16), math.sqrt(0.12)
ACCURACY = 0.90
MARGIN = 0.01  # 10 % of the validation error of 10 %


def latent_mean(accuracy: float) -> float:
    """Latent mean of a contender with this expected accuracy (the seed noise is small beside 1)."""
    return float(ndtri(accuracy))


def latent_seed_sd(seed_sd_points: float, accuracy: float = ACCURACY) -> float:
    """Latent seed noise that moves accuracy by this many percentage points."""
    density = math.exp(-(ndtri(accuracy) ** 2) / 2) / math.sqrt(2 * math.pi)
    return seed_sd_points / 100 / density


def scores(
    rng: np.random.Generator,
    *,
    seeds: int,
    examples: int,
    seed_sd: float,
    same: bool = False,
    accuracies: tuple[float, ...] = (ACCURACY, ACCURACY),
    split_sd: float = 0.0,
) -> dict[str, np.ndarray]:
    """Scores (S, N) of one bakeoff, by contender ("a", "b", ...), with the expected accuracies given.

    Args:
        rng: source of everything random.
        seeds: S.
        examples: N.
        seed_sd: standard deviation of accuracy over seeds, percentage points, beyond what churn makes.
        same: one algorithm under several names; else architectures that differ in which examples they get right.
        accuracies: expected accuracy by contender.
        split_sd: what the train/validation split of a row adds for every contender (paired by design), percentage
            points.
    """
    shared_N = SHARED * rng.standard_normal(examples, dtype=np.float32)
    own_N = OWN * rng.standard_normal(examples, dtype=np.float32)
    found = {}
    # The seed noise widens the latent distribution a little; without this factor it would lower the accuracy.
    sd, sd_split = latent_seed_sd(seed_sd), latent_seed_sd(split_sd)
    widening = math.sqrt(1 + sd**2 + sd_split**2)
    split_S1 = sd_split * rng.standard_normal((seeds, 1), dtype=np.float32)
    for name, accuracy in zip("abcdefgh", accuracies, strict=False):
        if not same:
            own_N = OWN * rng.standard_normal(examples, dtype=np.float32)
        seed_S1 = sd * rng.standard_normal((seeds, 1), dtype=np.float32) + split_S1 + widening * latent_mean(accuracy)
        churn_SN = rng.standard_normal((seeds, examples), dtype=np.float32)
        found[name] = (CHURN * churn_SN > -(seed_S1 + (shared_N + own_N))).astype(np.float64)
    return found


def tuned_arms(
    rng: np.random.Generator, *, families: int, trials: int, examples: int, seed_sd: float = 0.5, validation: int = 1000
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Equal families searched independently, tested on the same examples: per family (T, N) test and (T,) validation.

    A trial's hyperparameter x is uniform on [-1, 1]; the latent margin falls by 0.35 x^2 (about 7 points at the edge)
    from an optimum at 0, and by 1.2 more for one trial in ten (a setting that does not learn).
    """
    shared_N = SHARED * rng.standard_normal(examples)
    arms = []
    for _ in range(families):
        own_N = OWN * rng.standard_normal(examples)
        quality_T = trial_quality(rng, trials, seed_sd)
        test_TN = answers(rng, quality_T, shared_N + own_N)
        validation_T = rng.binomial(validation, ndtr(quality_T)) / validation
        arms.append((test_TN, validation_T))
    return arms


def trial_quality(rng: np.random.Generator, trials: int, seed_sd: float) -> np.ndarray:
    """Latent mean of random trials: hyperparameter luck and seed luck, (T,)."""
    x_T = rng.uniform(-1, 1, trials)
    broken_T = rng.random(trials) < 0.1
    seed_T = latent_seed_sd(seed_sd) * rng.standard_normal(trials)
    return latent_mean(0.92) - 0.35 * x_T**2 - 1.2 * broken_T + seed_T


def answers(rng: np.random.Generator, quality_T: np.ndarray, difficulty_N: np.ndarray) -> np.ndarray:
    """Right or wrong for each trial and example, (T, N)."""
    churn_TN = rng.standard_normal((len(quality_T), len(difficulty_N)), dtype=np.float32)
    return (CHURN * churn_TN > -(quality_T[:, None] + difficulty_N)).astype(np.float64)
