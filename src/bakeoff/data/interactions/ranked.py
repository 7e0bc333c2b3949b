"""Ranked lists as they are stored: the best items of each user, with all that tie with the last of them.

N users, C items of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.data.interactions.histories import History
from bakeoff.tables import join, table_of

DEPTH = 100
"""How many items a list has at the least, where there are so many that may be recommended."""
OTHER = "other_"
"""What the columns of the other order of ties begin with."""
_ROWS_AT_ONCE = 256


def ranked_lists(scores_NC: NDArray[Any], prefix: str = "") -> dict[str, pa.Array]:
    """The `DEPTH` items of the highest scores, and all that tie with the last of them; -inf is never recommended.

    Returns:
        By column: ``items``, places in the catalogue, best first (of equal scores the first in the catalogue first),
        and ``above``, how many items have a higher score. So equal numbers are ties.
    """
    scores_NC = np.where(np.isnan(scores_NC), -np.inf, scores_NC)
    num_items = scores_NC.shape[1]
    place = max(num_items - DEPTH, 0)
    least_N = np.partition(scores_NC, place, axis=1)[:, place]
    rows, items = np.nonzero((scores_NC >= least_N[:, None]) & (scores_NC > -np.inf))
    order = np.lexsort((items, -scores_NC[rows, items], rows))
    rows, items = rows[order], items[order]
    offsets = np.searchsorted(rows, np.arange(len(scores_NC) + 1))
    values, places = scores_NC[rows, items], np.arange(len(rows))
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = (rows[1:] != rows[:-1]) | (values[1:] != values[:-1])
    above = np.maximum.accumulate(np.where(begins, places, 0)) - offsets[rows]
    return {f"{prefix}items": _lists(items, offsets), f"{prefix}above": _lists(above, offsets)}


def lists_of(
    histories: Sequence[History], score: Callable[[Sequence[History]], NDArray[Any]], *, prefix: str = ""
) -> pa.Table:
    """The lists of scores ``(N, C)`` that a function gives histories; what they mask is left out.

    Where histories have another order of ties, its lists stand beside them.
    """
    tables = []
    for start in range(0, len(histories), _ROWS_AT_ONCE):
        some = histories[start : start + _ROWS_AT_ONCE]
        found = ranked_lists(_masked(some, score), prefix)
        if all(history.other is not None for history in some):
            found |= ranked_lists(_masked([history.other for history in some if history.other], score), OTHER)
        tables.append(table_of(**found))
    return join(tables)


def _masked(histories: Sequence[History], score: Callable[[Sequence[History]], NDArray[Any]]) -> NDArray[Any]:
    scores_NC = np.array(score(histories), dtype=np.float64)
    for row, history in enumerate(histories):
        scores_NC[row, history.masked] = -np.inf
    return scores_NC


def _lists(values: NDArray[Any], offsets: NDArray[np.int64]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values, pa.int32()))
