"""Items that were taken by those who took the user's: nearest neighbours of items.

Deshpande and Karypis 2004, "Item-based top-N recommendation algorithms", ACM TOIS 22(1).

N users, C items of the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from bakeoff.data.interactions.histories import History
from bakeoff.data.interactions.ranked import lists_of
from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count, NotNegative

_FILE = "neighbours.npz"
_ITEMS_AT_ONCE = 1024


class ItemNeighbours(FittedModel):
    """The sum, over the items that a user had, of their similarities to an item: the cosine of who had them.

    Args:
        neighbours: the nearest of each item that count.
        shrinkage: added to the product of norms, so that few common users weigh little.
        last: how many of the user's last items are asked; None: all, as in the paper.
    """

    def __init__(self, *, neighbours: Count = 100, shrinkage: NotNegative = 10.0, last: Count | None = None) -> None:
        if min(neighbours, 1 if last is None else last) < 1:
            raise ValueError(f"neighbours and last must be at least 1; got {neighbours} and {last}")
        self.neighbours = neighbours
        self.shrinkage = shrinkage
        self.last = last
        self.similar_CC = sp.csr_matrix((0, 0), dtype=np.float32)

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Similarities of all pairs of items, the nearest of each kept."""
        histories = [np.unique(history.items) for history in examples]
        users = np.repeat(np.arange(len(histories)), [len(items) for items in histories])
        items = np.concatenate(histories)
        had_NC = sp.csr_matrix((np.ones(len(items), np.float32), (users, items)), (len(histories), spec.num_items))
        norms_C = np.sqrt(np.asarray(had_NC.sum(axis=0)).ravel())
        parts = []
        for start in range(0, spec.num_items, _ITEMS_AT_ONCE):
            some = slice(start, min(start + _ITEMS_AT_ONCE, spec.num_items))
            common = np.asarray((had_NC[:, some].T @ had_NC).todense())
            cosine = common / (norms_C[some, None] * norms_C + self.shrinkage)
            cosine[np.arange(len(cosine)), np.arange(some.start, some.stop)] = 0.0
            parts.append(sp.csr_matrix(_nearest(cosine, self.neighbours)))
        self.similar_CC = sp.vstack(parts).T.tocsr()  # from an item of the user's to those it is a neighbour of

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """A list for each history."""
        return lists_of(list(examples), self._scores)

    def _scores(self, histories: Sequence[History]) -> NDArray[np.float32]:
        asked = slice(None if self.last is None else -self.last, None)
        lasts = [np.unique(history.items[asked]) for history in histories]
        users = np.repeat(np.arange(len(lasts)), [len(items) for items in lasts])
        items = np.concatenate(lasts)
        shape = (len(lasts), self.similar_CC.shape[0])
        asked_NC = sp.csr_matrix((np.ones(len(items), np.float32), (users, items)), shape)
        return np.asarray((asked_NC @ self.similar_CC).todense())

    def save(self, folder: Path) -> None:
        """The similarities."""
        sp.save_npz(folder / _FILE, self.similar_CC)

    def load(self, folder: Path) -> None:
        """The similarities again."""
        self.similar_CC = sp.load_npz(folder / _FILE)


def _nearest(cosine: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The greatest of each row, zeros elsewhere."""
    if count >= cosine.shape[1]:
        return cosine
    least = np.partition(cosine, -count, axis=1)[:, -count]
    return np.where(cosine >= least[:, None], cosine, 0.0)
