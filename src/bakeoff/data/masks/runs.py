"""Masks as run lengths: how they stand in tables, one row an example.

A row holds ``height`` and ``width``, and of all pixels row by row the ``lengths`` of runs of one class and their
``classes``: a mask of 2 x 3 pixels, 0 0 1 / 1 1 0, is lengths 2, 3, 1 of classes 0, 1, 0.

N examples, H height, W width, R runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.tables import table_of

Masks = NDArray[np.uint8]


def table_of_masks(masks_NHW: Masks) -> pa.Table:
    """Masks of one size as a table."""
    count, height, width = masks_NHW.shape
    flat_NP = masks_NHW.reshape(count, height * width)
    starts_NP = np.ones(flat_NP.shape, dtype=bool)
    np.not_equal(flat_NP[:, 1:], flat_NP[:, :-1], out=starts_NP[:, 1:])
    starts_R = np.flatnonzero(starts_NP)
    lengths_R = np.diff(starts_R, append=flat_NP.size).astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum(starts_NP.sum(axis=1))]).astype(np.int32)
    return table_of(
        height=np.full(count, height, dtype=np.int32),
        width=np.full(count, width, dtype=np.int32),
        lengths=pa.ListArray.from_arrays(pa.array(offsets), pa.array(lengths_R)),
        classes=pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat_NP.reshape(-1)[starts_R])),
    )


def masks_of(table: pa.Table) -> Masks:
    """Masks of one size from their table, ``(N, H, W)``.

    Raises:
        ValueError: they have several sizes, or runs that do not fill them.
    """
    sizes = {(row["height"], row["width"]) for row in table.select(["height", "width"]).to_pylist()}
    if len(sizes) != 1:
        raise ValueError(f"expected masks of one size; got {sorted(sizes)}")
    height, width = sizes.pop()
    lengths, classes = (_flat(table, name) for name in ("lengths", "classes"))
    if len(lengths) != len(classes) or int(lengths.sum()) != len(table) * height * width:
        raise ValueError(f"expected runs that fill {len(table)} masks of {height} by {width} pixels")
    filled: Masks = np.repeat(classes, lengths).astype(np.uint8).reshape(len(table), height, width)
    return filled


def _flat(table: pa.Table, name: str) -> NDArray[np.integer[Any]]:
    column = table[name].combine_chunks()
    lists = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    flat: NDArray[np.integer[Any]] = lists.flatten().to_numpy(zero_copy_only=False)
    return flat
