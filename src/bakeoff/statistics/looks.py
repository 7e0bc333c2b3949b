"""Looks declared before the first run, and what each may spend of the 5 % (rules 16 and 28).

Looking at 5 % each time makes 7-11 % false winners. By *information* (the second edition's way) a look at S seeds may
have spent ``alpha V_last / V_S`` of it, with critical values that know how looks hang together (``information``); any
ascending seeds can be declared, such as ``every`` number from 5 on. By *levels* (the first edition's, or given as a
mapping) the levels of all looks sum to at most alpha, so that by Bonferroni a false winner at any look stays within it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.errors import ConfigError

SPENDING = {(5, 10, 20): (0.2, 0.3, 0.5), (5, 10): (0.2, 0.8)}
EVERY = "every"
FIRST_LOOK, LAST_LOOK = 5, 20


@dataclass(frozen=True)
class Looks:
    """Declared numbers of seeds, ascending, and the error rate that each look may spend.

    Attributes:
        seeds: numbers of seeds at which the verdict may be read.
        alphas: level of each look; empty where they spend by information.
        by_information: levels follow from the variances found.
    """

    seeds: tuple[int, ...]
    alphas: tuple[float, ...]
    by_information: bool = False

    def index_at(self, num_seeds: int) -> int | None:
        """Which look (from 0) this number of seeds is; None for an undeclared one."""
        return self.seeds.index(num_seeds) if num_seeds in self.seeds else None

    def is_last(self, index: int) -> bool:
        """Whether no further look was declared."""
        return index == len(self.seeds) - 1


def declare_looks(
    looks: Declared, *, alpha: float = 0.05, by_information: bool = False, last: int = LAST_LOOK
) -> Looks:
    """Check a schedule of looks and give each its level.

    Args:
        looks: numbers of seeds at which the verdict may be read: (5, 10, 20) spends .01/.015/.025 and (5, 10) .01/.04
            of alpha = .05, a single look all of it; a mapping from seeds to levels; ``"every"`` number of seeds from 5
            to ``last``, by information; or looks that were declared already.
        alpha: what all looks together may spend.
        by_information: spend by information, so that any ascending numbers will do.
        last: the last look of ``"every"``.

    Raises:
        ConfigError: an unknown sequence without levels, fewer than 5 seeds, levels that sum to more than ``alpha``,
            or a word other than ``every``.
    """
    if isinstance(looks, Looks):
        return looks
    if isinstance(looks, str):
        return _every(looks, last)
    if isinstance(looks, Mapping):
        seeds, alphas = tuple(sorted(looks)), tuple(float(looks[seed]) for seed in sorted(looks))
    else:
        seeds = tuple(looks)
        alphas = () if by_information else tuple(share * alpha for share in _shares(seeds))
    ordered = not by_information or list(seeds) == sorted(seeds)
    if not seeds or min(seeds) < FIRST_LOOK or len(set(seeds)) < len(seeds) or not ordered:
        raise ConfigError("config.looks", "looks", list(seeds), "a look needs at least 5 seeds, each number once")
    if alphas and (min(alphas) <= 0 or math.fsum(alphas) > alpha * (1 + 1e-9)):
        problem = f"the levels {list(alphas)} must be positive and sum to at most alpha={alpha:g}"
        raise ConfigError("config.looks", "looks", list(seeds), problem)
    return Looks(seeds, alphas, by_information=not alphas)


def edition_looks(looks: Declared | None, *, alpha: float, edition: int) -> Looks | None:
    """Looks as an edition of the protocol spends them: levels given stay levels, all else goes by information."""
    if looks is None:
        return None
    return declare_looks(looks, alpha=alpha, by_information=edition > 1 and not isinstance(looks, Mapping))


def _every(word: str, last: int) -> Looks:
    if word != EVERY or last < FIRST_LOOK:
        problem = "the only word for looks is every, from 5 seeds to a last look of at least 5"
        raise ConfigError("config.looks", "looks", word, problem, allowed=f"{EVERY}, or numbers of seeds")
    return Looks(tuple(range(FIRST_LOOK, last + 1)), (), by_information=True)


def _shares(seeds: tuple[int, ...]) -> tuple[float, ...]:
    if len(seeds) == 1:
        return (1.0,)
    if seeds in SPENDING:
        return SPENDING[seeds]
    next_step = "give the levels yourself, for instance looks={6: 0.01, 12: 0.04}"
    known = " or ".join(str(list(known)) for known in SPENDING)
    raise ConfigError("config.looks", "looks", list(seeds), "no levels known", allowed=known, next_step=next_step)


Declared = Looks | str | Sequence[int] | Mapping[int, float]
"""How looks may be given."""
