"""Typos as fingers make them: letters swapped, left out, doubled, or hit beside the right key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.data.corruption import SEED, Corruption

CORRUPTIONS: Mapping[str, Corruption] = {"typos": Corruption("share of letters with a typo", (0.02, 0.05, 0.15))}
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, letter in enumerate(row)
}


def with_typos(texts: Sequence[str], share: float) -> list[str]:
    """Each text with about that share of its letters mistyped; its other characters and its first letter stay."""
    rng = np.random.default_rng(SEED)
    return [_mistyped(text, rng.random((len(text), 3)), share) for text in texts]


def _mistyped(text: str, chances: np.ndarray, share: float) -> str:
    letters, place = list(text), 1
    while place < len(letters):
        hit, kind, which = chances[place]
        letter = letters[place]
        if hit < share and letter.isalpha():
            if kind < 0.25 and place + 1 < len(letters) and letters[place + 1].isalpha():
                letters[place : place + 2] = letters[place + 1], letter
                place += 1
            elif kind < 0.5:
                letters[place] = ""
            elif kind < 0.75:
                letters[place] = 2 * letter
            else:
                keys = _BESIDE.get(letter.lower(), letter)
                letters[place] = keys[int(which * len(keys))]
        place += 1
    return "".join(letters)
