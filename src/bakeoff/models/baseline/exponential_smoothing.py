"""Simple exponential smoothing: a level that follows the values, and is the forecast of every step to come.

Brown 1956; as a state space model with additive errors Hyndman, Koehler, Snyder and Grose 2002, "A state space
framework for automatic forecasting using exponential smoothing methods", International Journal of Forecasting 18.

N windows, T steps of a history, H steps of the horizon, A weights that are tried.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.signal import lfilter

from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_SETTINGS = "exponential_smoothing.json"
_LEAST, _MOST = 1e-4, 0.9999


class ExponentialSmoothing(FittedModel):
    """Simple exponential smoothing (Hyndman et al. 2002), fitted to each history alone by least squares.

    The weight is the best of a grid, and the first level the best for it, which is linear in the errors.

    Args:
        num_weights: A, weights that are tried.
        longest: the last steps of a history that are used.
    """

    def __init__(self, *, num_weights: Count = 100, longest: Count = 2000) -> None:
        self.num_weights, self.longest = num_weights, longest

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Nothing: each history is fitted when it is forecast."""

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """The ``forecast`` of each window, shape ``(N, H)``: the same at every step."""
        found = [np.full(history.horizon, self._level(history.values[-self.longest :])) for history in examples]
        return table_of(forecast=np.stack(found))

    def _level(self, values_T: np.ndarray) -> float:
        """The last level, of the weight and first level with the least squared errors of one step."""
        weights_A = np.linspace(_LEAST, _MOST, self.num_weights)
        tried = [self._smoothed(values_T, float(weight)) for weight in weights_A]
        return min(tried)[1]

    @staticmethod
    def _smoothed(values_T: np.ndarray, weight: float) -> tuple[float, float]:
        """The sum of squared errors, and the last level.

        With first level l, the error at step t is e_t - (1 - weight)^t l, e_t the error with first level 0.
        """
        keep = 1 - weight
        levels_T = lfilter([weight], [1, -keep], values_T)
        errors_T = values_T - np.concatenate([[0.0], levels_T[:-1]])
        decay_T = keep ** np.arange(len(values_T))
        first = float(errors_T @ decay_T / (decay_T @ decay_T))
        squares = float(((errors_T - first * decay_T) ** 2).sum())
        return squares, float(levels_T[-1] + keep ** len(values_T) * first)

    def save(self, folder: Path) -> None:
        """The settings."""
        (folder / _SETTINGS).write_text(json.dumps({"num_weights": self.num_weights, "longest": self.longest}))

    def load(self, folder: Path) -> None:
        """The settings again."""
        stored = json.loads((folder / _SETTINGS).read_text())
        self.num_weights, self.longest = int(stored["num_weights"]), int(stored["longest"])
