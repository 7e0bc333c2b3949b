"""Steps that are missing, and noise, in windows as networks are given them.

B batch, L steps of a window, C channels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from bakeoff.data.corruption import SEED, Corruption
from bakeoff.data.series.history import History

CORRUPTIONS: Mapping[str, Corruption] = {
    "missing": Corruption("share of the window's steps that are missing; the value before stands in", (0.05, 0.2, 0.5)),
    "noise": Corruption("Gaussian noise, its deviation of the window's", (0.1, 0.3, 1.0)),
}


def corrupted_windows(
    batches: Sequence[tuple[Tensor, ...]], histories: Sequence[History], name: str, amount: float
) -> tuple[list[tuple[Tensor, ...]], list[History]]:
    """Windows and histories, both spoilt alike; what windows are scaled by stays that of what was there.

    Args:
        batches: windows, what they were scaled by, and what is known of the horizon.
        histories: of the same windows, in their order.
        name: which of `CORRUPTIONS`.
        amount: how much of it.
    """
    rng, spoilt, found, seen = np.random.default_rng(SEED), [], [], 0
    for windows_BLC, scales_B2, *others in batches:
        windows_BLC = windows_BLC.clone()
        values_BL, missing_BL = (windows_BLC[..., channel].numpy() for channel in (0, 1))
        if name == "missing":
            _lose(values_BL, missing_BL, rng.random(values_BL.shape) < amount)
        else:
            there_BL = missing_BL == 0
            count_B1 = np.maximum(there_BL.sum(axis=1, keepdims=True), 1)
            mean_B1 = (values_BL * there_BL).sum(axis=1, keepdims=True) / count_B1
            spread_B1 = np.sqrt(((values_BL - mean_B1) ** 2 * there_BL).sum(axis=1, keepdims=True) / count_B1)
            values_BL += (amount * spread_B1 * rng.normal(size=values_BL.shape) * there_BL).astype(np.float32)
        spoilt.append((windows_BLC, scales_B2, *others))
        own = histories[seen : seen + len(windows_BLC)]
        seen += len(own)
        for history, values_L, missing_L, (shift, divisor) in zip(
            own, values_BL, missing_BL, scales_B2.double().tolist(), strict=True
        ):
            found.append(_changed(history, values_L * divisor + shift, missing_L == 0))
    return spoilt, found


def _lose(values_BL: np.ndarray, missing_BL: np.ndarray, lost_BL: np.ndarray) -> None:
    """Marks steps as missing, in place; the value before each stands in, and the first is never lost."""
    lost_BL = lost_BL & (missing_BL == 0)
    lost_BL[:, 0] = False
    last_BL = np.maximum.accumulate(np.where(lost_BL, 0, np.arange(values_BL.shape[1])), axis=1)
    values_BL[...] = np.take_along_axis(values_BL, last_BL, axis=1)
    missing_BL[lost_BL] = 1


def _changed(history: History, values_L: np.ndarray, observed_L: np.ndarray) -> History:
    """A history whose last steps are these of the window."""
    count = min(len(history.values), len(values_L))
    values, observed = history.values.copy(), history.observed.copy()
    values[-count:], observed[-count:] = values_L[-count:], observed_L[-count:]
    return dataclasses.replace(history, values=values, observed=observed)
