"""The most popular items, the same for everyone: what a recommender that knows nothing of the user can do.

Cremonesi, Koren and Turrin 2010, "Performance of recommender algorithms on top-N recommendation tasks", RecSys.

C items of the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.data.interactions.histories import History
from bakeoff.data.interactions.ranked import lists_of
from bakeoff.models.contracts import FittedModel

_COUNTS = "counts.npy"


class Popularity(FittedModel):
    """Items by how often the train part has them (TopPop of Cremonesi et al. 2010); equal counts are ties."""

    def __init__(self) -> None:
        self.counts_C: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Counts."""
        self.counts_C = np.array(spec.counts, dtype=np.int64)

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """A list for each history."""
        return lists_of(list(examples), self._scores)

    def _scores(self, histories: Sequence[History]) -> NDArray[np.int64]:
        return np.broadcast_to(self.counts_C, (len(histories), len(self.counts_C)))

    def save(self, folder: Path) -> None:
        """The counts."""
        np.save(folder / _COUNTS, self.counts_C)

    def load(self, folder: Path) -> None:
        """The counts again."""
        self.counts_C = np.load(folder / _COUNTS)
