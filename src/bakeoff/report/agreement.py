"""How hard the test examples are, from the per-example scores of all contenders and seeds."""

from __future__ import annotations

from collections.abc import Sequence
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


def read_agreement(path: Path, contenders: Sequence[str]) -> Agreement | None:
    """Count the examples that all trials of ``contenders`` get right, or none does.

    Returns:
        The counts, or ``None`` if the file is missing, unreadable, or its scores are not all 0 or 1.
    """
    try:
        table = pq.read_table(path, columns=["contender", "example", "score"], read_dictionary=["contender", "example"])
    except (OSError, pa.ArrowException):
        return None
    table = table.filter(pc.is_in(table["contender"].cast(pa.string()), pa.array(contenders, pa.string())))
    scores = table["score"].to_numpy().astype(float)
    if not len(scores) or not np.isin(scores, (0.0, 1.0)).all():
        return None
    codes = _codes(table["example"])
    tries = np.bincount(codes)
    hits = np.bincount(codes, weights=scores)[tries > 0]
    tries = tries[tries > 0]
    return Agreement(len(tries), int((hits == tries).sum()), int((hits == 0).sum()))


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """Whole numbers that stand for the distinct values of a column."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.unify_dictionaries().combine_chunks().indices.to_numpy(zero_copy_only=False)
