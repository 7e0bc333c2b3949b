"""Which keys a person may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest_keys(key: str, keys: Iterable[str], *, count: int = 3) -> list[str]:
    """The ``count`` dotted keys that ``key`` was most likely meant to be, best first.

    Counts for a key: the likeness of its last part and of the whole, the same parent, the same last part elsewhere
    (``trainer.lr`` for ``optimizer.lr``), and abbreviation (``learning_rate`` for ``lr``).
    """
    parent, _, last = key.rpartition(".")

    def score(candidate: str) -> float:
        home, _, name = candidate.rpartition(".")
        likeness = 0.6 * _ratio(last, name) + 0.4 * _ratio(key, candidate)
        return likeness + 0.2 * (home == parent) + 0.3 * _abbreviates(last, name) + 0.4 * (last == name)

    return sorted(set(keys) - {key}, key=lambda candidate: (-score(candidate), candidate))[:count]


def _ratio(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second).ratio()


def _abbreviates(first: str, second: str) -> bool:
    """Whether one is made of the first letters of the other's words, or is its last word."""
    for long, short in ((first, second), (second, first)):
        words = long.split("_")
        if len(words) > 1 and short in ("".join(word[:1] for word in words), words[-1]):
            return True
    return False
