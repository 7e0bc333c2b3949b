"""Series with classes on disk; their fingerprint is of the values, classes and the fixed split.

N series, T steps, K channels.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.checks import require_choice
from bakeoff.data.frames import LEAST_STD, sums_of
from bakeoff.data.labelled_series.columns import LabelledSeriesColumns
from bakeoff.data.labelled_series.spec import Scaling
from bakeoff.data.labelled_series.table import Fill, Values, completed, read_table
from bakeoff.data.prepared import Preparation, PreparedRows, part_rows, read_folder, write_folder
from bakeoff.data.sources.source import Source
from bakeoff.data.text.ragged import Ragged


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeriesPreparation(Preparation):
    """How the source becomes arrays.

    Args:
        fill: what becomes of missing values.
        scaling: ``series`` brings each to mean 0 and deviation 1 by its own values.
    """

    columns: LabelledSeriesColumns
    fill: Fill
    scaling: Scaling

    def __post_init__(self) -> None:
        """Refuse what is no choice."""
        require_choice("fill", self.fill, get_args(Fill))
        require_choice("scaling", self.scaling, get_args(Scaling))


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedSeries(PreparedRows):
    """The arrays of a prepared folder; ``frames`` holds each series ``(T, K)``, ``sums_2NK`` is that of `sums_of`."""

    frames: Ragged
    sums_2NK: NDArray[np.float64]
    digests: NDArray[np.uint8]

    @classmethod
    def open(cls, folder: Path) -> PreparedSeries:
        """Map a prepared folder; little is read."""
        return cls(frames=Ragged.open(folder, "frames"), **read_folder(folder))


def prepare_series(source: Source, preparation: SeriesPreparation) -> PreparedSeries:
    """The prepared series, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no package, no space or no right to write the cache.
    """
    key = preparation.key(source)
    folder = cached_folder("labelled_series", key, lambda partial: _build(partial, source, preparation))
    return PreparedSeries.open(folder)


def scaled(own_TK: Values, scaling: Scaling) -> Values:
    """A series as it is stored."""
    if scaling == "train":
        return own_TK
    std_K = own_TK.std(axis=0)
    found: Values = (own_TK - own_TK.mean(axis=0)) / np.where(std_K < LEAST_STD, 1.0, std_K)
    return found


def _build(folder: Path, source: Source, preparation: SeriesPreparation) -> None:
    split, on_missing = preparation.split, preparation.on_missing
    table = read_table(source.load(), preparation.columns, split=split, on_missing=on_missing)
    values, notes = completed(table.values, preparation.fill, table.examples)
    table = dataclasses.replace(table, values=values, notes=(*table.notes, *notes))
    digests = table.digests()
    rows = part_rows(table, digests, preparation)
    frames = Ragged.of([scaled(own_TK, preparation.scaling) for own_TK in values], dtype=np.float32)
    frames.save(folder, "frames")
    rows = dataclasses.replace(rows, fingerprint=_fingerprint(digests, rows, preparation.scaling))
    own = {
        "sums_2NK": sums_of(frames),
        "digests": np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(digests), -1),
    }
    write_folder(folder, rows.to_dict() | own)


def _fingerprint(digests: list[bytes], rows: PreparedRows, scaling: Scaling) -> str:
    state = hashlib.blake2b(digest([scaling, rows.class_names]).encode(), digest_size=16)
    for part, numbers, labels, groups in rows.content():
        state.update(digest([part, [digests[row].hex() for row in numbers.tolist()], labels, groups]).encode())
    return state.hexdigest()
