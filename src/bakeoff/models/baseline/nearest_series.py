"""The class of the nearest series: what a network of series classification must beat.

Cover and Hart 1967, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13(1); Dau et
al. 2019, "The UCR time series archive", arXiv:1810.07758, whose default it is.

N series, T steps, K channels, F features (the values of all steps), C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.spatial.distance import cdist

from bakeoff.models.contracts import FittedModel
from bakeoff.tables import column, table_of

_ARRAYS = "nearest_series.safetensors"


class NearestSeries(FittedModel):
    """The one nearest series of train by Euclidean distance, and its class with certainty (Cover and Hart 1967).

    Series of other lengths are brought to the longest one's of train first, on the lines between their values.
    """

    def __init__(self) -> None:
        self.series_NF = np.empty((0, 0), dtype=np.float32)
        self.labels_N = np.empty(0, dtype=np.int64)
        self.length = 0
        self.num_classes = 0

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Keeps them."""
        series = list(examples)
        self.length = max(len(own_TK) for own_TK in series)
        self.num_classes = spec.num_classes
        self.series_NF = self._features(series)
        self.labels_N = column(labels, "label").astype(np.int64)

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """Probabilities of 0 and 1, shape ``(N, C)``."""
        nearest_N = cdist(self._features(list(examples)), self.series_NF).argmin(axis=1)
        return table_of(probabilities=np.eye(self.num_classes, dtype=np.float32)[self.labels_N[nearest_N]])

    def save(self, folder: Path) -> None:
        """All series that it keeps."""
        facts = np.array([self.length, self.num_classes])
        save_file({"series": self.series_NF, "labels": self.labels_N, "facts": facts}, str(folder / _ARRAYS))

    def load(self, folder: Path) -> None:
        """The inverse of `save`."""
        stored = load_file(str(folder / _ARRAYS))
        self.series_NF, self.labels_N = stored["series"], stored["labels"]
        self.length, self.num_classes = stored["facts"].tolist()

    def _features(self, series: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.stack([_stretched(own_TK, self.length).reshape(-1) for own_TK in series]).astype(np.float32)


def _stretched(own_TK: NDArray[np.float32], length: int) -> NDArray[np.floating]:
    if len(own_TK) == length:
        return own_TK
    places = np.linspace(0, len(own_TK) - 1, length)
    steps_T = np.arange(len(own_TK))
    return np.stack([np.interp(places, steps_T, own_TK[:, k]) for k in range(own_TK.shape[1])], axis=1)
