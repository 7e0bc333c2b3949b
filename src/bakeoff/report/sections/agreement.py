"""How hard the test examples are, from the per-example scores of all contenders and seeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Agreement:
    """Counts of test examples by how the contenders fare on them over all seeds."""

    num_examples: int
    always_right: int
    never_right: int

    @property
    def contested(self) -> int:
        """Examples that decide the bakeoff: right for some trials and wrong for others."""
        return self.num_examples - self.always_right - self.never_right


def read_agreement(path: Path, seeds: Mapping[str, Collection[int]]) -> Agreement | None:
    """Count the examples that all trials get right, or none does; of each contender only the trials of these seeds.

    Returns:
        The counts, or ``None`` if the file is missing, unreadable, or its scores are not all 0 or 1.
    """
    try:
        columns = ["contender", "seed", "example", "score"]
        table = pq.read_table(path, columns=columns, read_dictionary=["contender", "example"])
    except (OSError, pa.ArrowException):
        return None
    table = table.filter(_chosen(table, seeds))
    scores = table["score"].to_numpy().astype(float)
    if not len(scores) or not np.isin(scores, (0.0, 1.0)).all():
        return None
    codes = _codes(table["example"])
    tries = np.bincount(codes)
    hits = np.bincount(codes, weights=scores)[tries > 0]
    tries = tries[tries > 0]
    return Agreement(len(tries), int((hits == tries).sum()), int((hits == 0).sum()))


def _chosen(table: pa.Table, seeds: Mapping[str, Collection[int]]) -> pa.ChunkedArray:
    """Which rows are of a contender and one of its seeds."""
    names, numbers = table["contender"].cast(pa.string()), table["seed"].cast(pa.int64())
    found = pa.chunked_array([pa.array(np.zeros(len(table), dtype=bool))])
    for name, own in seeds.items():
        rows = pc.and_(pc.equal(names, name), pc.is_in(numbers, pa.array(sorted(own), pa.int64())))
        found = pc.or_(found, rows)
    return found


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """Whole numbers that stand for the distinct values of a column."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.unify_dictionaries().combine_chunks().indices.to_numpy(zero_copy_only=False)
