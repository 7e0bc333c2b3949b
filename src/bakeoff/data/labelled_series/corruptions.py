"""Noise, steps that are missing, a weaker signal and a shift in time, of series as they are stored.

T steps, K channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.data.corruption import SEED, Corruption
from bakeoff.data.labelled_series.table import Values, completed

CORRUPTIONS: Mapping[str, Corruption] = {
    "noise": Corruption("Gaussian noise, its deviation of each channel's", (0.1, 0.3, 1.0)),
    "missing": Corruption("share of the steps that are missing, as if data.fill=linear", (0.05, 0.2, 0.5)),
    "gain": Corruption("what all values are multiplied by", (0.8, 0.5, 0.2)),
    "shift": Corruption("share of its length by which a series comes earlier or later", (0.05, 0.1, 0.25)),
}


def corrupted_series(series: Sequence[Values], name: str, amount: float) -> list[Values]:
    """Each series spoilt in that way, of its own length; where a shifted one has ended, its last value goes on."""
    rng = np.random.default_rng(SEED)
    spoilt = [_spoilt(own_TK, name, amount, rng).astype(np.float32) for own_TK in series]
    return completed(spoilt, "linear", [str(row) for row in range(len(spoilt))])[0]


def _spoilt(own_TK: Values, name: str, amount: float, rng: np.random.Generator) -> Values:
    steps = len(own_TK)
    if name == "noise":
        return own_TK + amount * own_TK.std(axis=0) * rng.normal(size=own_TK.shape)
    if name == "missing":
        lost_T = rng.random(steps) < amount
        lost_T[rng.integers(steps)] = False  # of nothing at all nothing can be filled
        return np.where(lost_T[:, None], np.nan, own_TK)
    if name == "gain":
        return own_TK * amount
    late = round(amount * steps) * rng.choice([-1, 1])
    return own_TK[np.clip(np.arange(steps) - late, 0, steps - 1)]
