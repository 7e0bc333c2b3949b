"""What looks may spend by information, and what a further look would still bring (rules 28 and 29).

Adding seeds to the same test examples makes a canonical group-sequential design: for S < S' seeds
``cov(d_S, d_S') = V_S'``, with information 1 / V. With ``V_S = s2_seed / S + s2_examples`` and the last look's V as
unit, look k has the information ``t_k = V_last / V_k``, and may have spent ``alpha t_k`` in all (Lan & DeMets 1983,
Biometrika 70, with linear spending). Its nominal level follows by walking through the distribution of
``B(t_k) = z_k sqrt(t_k)``, a Brownian motion that was not stopped before (Armitage, McPherson & Rowe 1969).

The levels depend on the components only by the examples' share in V_last. That is estimated anew at each look and
rounded to 1/200, so that levels can be kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from bakeoff.statistics.distributions import ndtr, ndtri
from bakeoff.statistics.estimates import Estimate

SHARES = 200
FUTILE = 0.1
_REACH, _CELLS = 5.5, 1101


@dataclass(frozen=True)
class Spending:
    """Nominal levels at one look: of a pair's test, for the share of alpha that the whole sequence has.

    Attributes:
        seeds: the declared looks.
        look: which one this is, from 0.
    """

    seeds: tuple[int, ...]
    look: int

    def __call__(self, estimate: Estimate, share: float) -> float:
        """Two-sided level at this look that makes all looks together err with probability ``share``."""
        return nominal_levels(self.seeds, examples_share(estimate, self.seeds[-1]), share)[self.look]

    def one_sided(self, estimate: Estimate, share: float) -> float:
        """The same for a one-sided test."""
        return self(estimate, 2 * share) / 2


def variance_at(estimate: Estimate, seeds: float, *, kappa_unit: float = 0.0) -> float:
    """Variance of the difference with so many seeds on the same examples."""
    return estimate.s2_seed / seeds + estimate.s2_examples + kappa_unit


def examples_share(estimate: Estimate, last: int) -> int:
    """What the test examples have of the variance at the last look, in 200ths."""
    whole = variance_at(estimate, last, kappa_unit=estimate.guard)
    if not 0 < whole < math.inf:
        return SHARES
    return round(SHARES * (1 - estimate.s2_seed / last / whole))


@lru_cache(maxsize=4096)
def nominal_levels(seeds: tuple[int, ...], share: int, alpha: float) -> tuple[float, ...]:
    """Two-sided nominal level of each look.

    Args:
        seeds: the looks, ascending.
        share: what test examples have of the variance at the last look, in 200ths.
        alpha: what all looks together may spend.
    """
    fixed = share / SHARES
    information = 1 / ((1 - fixed) * seeds[-1] / np.array(seeds, dtype=np.float64) + fixed)
    edges = np.linspace(-_REACH, _REACH, _CELLS + 1)
    half = edges[1] - edges[0]
    mass = np.diff(ndtr(edges / math.sqrt(information[0])))
    levels = [alpha * information[0]]
    bound = -float(ndtri(levels[0] / 2)) * math.sqrt(information[0])
    for before, now in pairwise(information):
        mass = _spread(_inside(mass, edges, bound), math.sqrt(now - before), half)
        bound, level = _boundary(mass, edges, alpha * (now - before), now, levels[-1])
        levels.append(level)
    return tuple(map(float, levels))


def _inside(mass: np.ndarray, edges: np.ndarray, bound: float) -> np.ndarray:
    """The part of each cell's mass that was not stopped."""
    width = edges[1] - edges[0]
    kept = np.minimum(edges[1:], bound) - np.maximum(edges[:-1], -bound)
    return mass * np.clip(kept / width, 0, 1)


def _spread(mass: np.ndarray, sd: float, width: float) -> np.ndarray:
    """The mass after a further normal step."""
    if sd < 1e-9:
        return mass
    reach = min(math.ceil(7 * sd / width) + 1, len(mass) - 1)
    kernel = np.diff(ndtr((np.arange(-reach, reach + 2) - 0.5) * width / sd))
    return np.convolve(mass, kernel, mode="same")


def _boundary(mass: np.ndarray, edges: np.ndarray, spent: float, now: float, before: float) -> tuple[float, float]:
    """Bound of B beyond which this look spends what it may, and its two-sided nominal level.

    A look that brings next to no information spends next to nothing; it keeps the bound of z, not a wilder one.
    """
    positive = len(mass) // 2
    beyond = np.cumsum((mass[positive + 1 :] + mass[:positive][::-1])[::-1])[::-1]
    places = edges[positive + 1 : -1]
    bound = float(np.interp(-spent, -beyond, places))
    level = 2 * float(ndtr(-bound / math.sqrt(now)))
    if spent < 1e-7:
        level = before
        bound = -float(ndtri(level / 2)) * math.sqrt(now)
    return bound, level


def chance_of_decision(
    estimate: Estimate, spending: Spending, *, share: float, equivalence_share: float | None, margin: float | None
) -> float:
    """Chance that any further declared look settles this pair, given what this look found.

    Given d_S, and nothing known beforehand, later differences are a martingale: from one look to the next they move by
    a normal step of variance ``V - V_next``. The chance is the share of 4,096 paths, always the same ones, that leave
    at some look: beyond its critical value, or so close to zero that they are equivalent.
    """
    seeds = spending.seeds[spending.look + 1 :]
    variance_K = np.array([variance_at(estimate, count, kappa_unit=estimate.guard) for count in seeds])
    now = variance_at(estimate, estimate.num_seeds, kappa_unit=estimate.guard)
    if not 0 < now < math.inf or not seeds:
        return 1.0 if seeds else 0.0
    looks = [Spending(spending.seeds, look) for look in range(spending.look + 1, len(spending.seeds))]
    levels_K = np.array([look(estimate, share) for look in looks])
    wins_at_K = -ndtri(levels_K / 2) * np.sqrt(variance_K)
    room_K = np.full(len(seeds), -1.0)
    if margin is not None and equivalence_share is not None:
        stricter = 2 * estimate.guard_unit - estimate.guard if estimate.guard_unit else 0.0
        error_K = np.sqrt(variance_K + stricter)
        one_sided_K = np.array([look.one_sided(estimate, equivalence_share) for look in looks])
        room_K = margin + ndtri(one_sided_K) * error_K
    steps_K = np.sqrt(np.maximum(-np.diff(variance_K, prepend=now), 0))
    size_PK = np.abs(estimate.difference + np.cumsum(_normal_paths(len(seeds)) * steps_K, axis=1))
    return float(((size_PK > wins_at_K) | (size_PK < room_K)).any(axis=1).mean())


@lru_cache(maxsize=64)
def _normal_paths(num_looks: int) -> np.ndarray:
    half = np.random.default_rng(0).standard_normal((2048, num_looks))
    return np.concatenate([half, -half])
