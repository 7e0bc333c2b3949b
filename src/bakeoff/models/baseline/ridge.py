"""Ridge regression from a window to all steps of the horizon: the linear reference of forecasting.

Hoerl and Kennard 1970, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12; directly
for every step, as in Zeng et al. 2023, "Are transformers effective for time series forecasting?", arXiv:2205.13504.

N windows, L steps of a window, H steps of the horizon, K known features, F features of the regression.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from bakeoff.data.series.history import History
from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count, Positive
from bakeoff.tables import column, table_of

_ARRAYS = "ridge.safetensors"
_CHOICE_SEED = 0


class Ridge(FittedModel):
    """One ridge regression a step of the horizon (Hoerl and Kennard 1970), on scaled windows.

    Each window is taken less its last value and over its deviation, and what is known of the horizon stands beside it.

    Args:
        strength: what is added to the diagonal, a window's share of it: 1 weighs as much as one window.
        most_windows: of training that are used, drawn once.
    """

    def __init__(self, *, strength: Positive = 10.0, most_windows: Count = 20_000) -> None:
        self.strength, self.most_windows = strength, most_windows
        self.weights_FH: NDArray[Any] = np.empty((0, 0))

    def num_parameters(self, spec: Any) -> int:
        """A weight for each feature and step, and one a step."""
        return (spec.window + spec.horizon * spec.num_known + 1) * spec.horizon

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """On windows whose values to come are all there."""
        targets_NH = column(labels, "target")
        rows = np.flatnonzero(np.isfinite(targets_NH).all(axis=1))
        if len(rows) > self.most_windows:
            rows = np.sort(np.random.default_rng(_CHOICE_SEED).choice(rows, self.most_windows, replace=False))
        features_NF, last_N1, spread_N1 = _features([examples[row] for row in rows.tolist()])
        scaled_NH = (targets_NH[rows] - last_N1) / spread_N1
        gram_FF = features_NF.T @ features_NF
        gram_FF[np.diag_indices(len(gram_FF) - 1)] += self.strength
        self.weights_FH = np.linalg.lstsq(gram_FF, features_NF.T @ scaled_NH, rcond=None)[0]

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """The ``forecast`` of each window, shape ``(N, H)``."""
        features_NF, last_N1, spread_N1 = _features(list(examples))
        return table_of(forecast=features_NF @ self.weights_FH * spread_N1 + last_N1)

    def save(self, folder: Path) -> None:
        """The weights as safetensors."""
        save_file({"weights": self.weights_FH}, folder / _ARRAYS)

    def load(self, folder: Path) -> None:
        """The weights again."""
        self.weights_FH = load_file(folder / _ARRAYS)["weights"]


def _features(
    histories: Sequence[History],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Scaled windows, what is known ahead and a one, ``(N, F)``; last values and deviations, ``(N, 1)`` both.

    A window that reaches back before its series is filled up with the series' first value.
    """
    window = histories[0].window
    places = [np.maximum(np.arange(len(one.values) - window, len(one.values)), 0) for one in histories]
    values_NL = np.stack([one.values[rows] for one, rows in zip(histories, places, strict=True)])
    last_N1, spread_N1 = values_NL[:, -1:], values_NL.std(axis=1, keepdims=True)
    spread_N1 = np.where(spread_N1 > 0, spread_N1, 1.0)
    known_NF = np.stack([one.known.reshape(-1) for one in histories])
    ones_N1 = np.ones_like(last_N1)
    return np.concatenate([(values_NL - last_N1) / spread_N1, known_NF, ones_N1], axis=1), last_N1, spread_N1
