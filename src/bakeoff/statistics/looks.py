"""Looks declared before the first run, and what each may spend of the 5 % (rule 16).

Looking at 5 % each time makes 7-11 % false winners. Here the levels of all looks sum to at most alpha, so that by
Bonferroni a false winner at any look stays within it; the last look, with the most seeds, gets the most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.errors import ConfigError

SPENDING = {(5, 10, 20): (0.2, 0.3, 0.5), (5, 10): (0.2, 0.8)}


@dataclass(frozen=True)
class Looks:
    """Declared numbers of seeds, ascending, and the error rate that each look may spend."""

    seeds: tuple[int, ...]
    alphas: tuple[float, ...]

    def index_at(self, num_seeds: int) -> int | None:
        """Which look (from 0) this number of seeds is; None for an undeclared one."""
        return self.seeds.index(num_seeds) if num_seeds in self.seeds else None

    def is_last(self, index: int) -> bool:
        """Whether no further look was declared."""
        return index == len(self.seeds) - 1


def declare_looks(looks: Sequence[int] | Mapping[int, float], *, alpha: float = 0.05) -> Looks:
    """Check a schedule of looks and give each its level.

    Args:
        looks: numbers of seeds at which the verdict may be read: (5, 10, 20) spends .01/.015/.025 and (5, 10) spends
            .01/.04 of alpha = .05, a single look all of it. Any other schedule is a mapping from seeds to levels.
        alpha: what all looks together may spend.

    Raises:
        ConfigError: an unknown sequence without levels, fewer than 5 seeds, or levels that sum to more than ``alpha``.
    """
    if isinstance(looks, Mapping):
        seeds, alphas = tuple(sorted(looks)), tuple(float(looks[seed]) for seed in sorted(looks))
    else:
        seeds = tuple(looks)
        alphas = tuple(share * alpha for share in _shares(seeds))
    if not seeds or min(seeds) < 5 or len(set(seeds)) < len(seeds):
        raise ConfigError("config.looks", "looks", list(seeds), "a look needs at least 5 seeds, each number once")
    if min(alphas) <= 0 or math.fsum(alphas) > alpha * (1 + 1e-9):
        problem = f"the levels {list(alphas)} must be positive and sum to at most alpha={alpha:g}"
        raise ConfigError("config.looks", "looks", list(seeds), problem)
    return Looks(seeds, alphas)


def _shares(seeds: tuple[int, ...]) -> tuple[float, ...]:
    if len(seeds) == 1:
        return (1.0,)
    if seeds in SPENDING:
        return SPENDING[seeds]
    next_step = "give the levels yourself, for instance looks={6: 0.01, 12: 0.04}"
    known = " or ".join(str(list(known)) for known in SPENDING)
    raise ConfigError("config.looks", "looks", list(seeds), "no levels known", allowed=known, next_step=next_step)
