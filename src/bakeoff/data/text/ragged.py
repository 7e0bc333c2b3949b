"""Rows of different lengths in one flat array, mapped from disk, and gathered into padded batches.

N rows, B batch, T tokens of the longest row of a batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.spec import PAD
from bakeoff.data.text.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True)
class Ragged:
    """Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``."""

    values: NDArray[Any]
    offsets: Rows

    @classmethod
    def of(cls, rows: Sequence[NDArray[Any]], *, dtype: Any) -> Ragged:
        """Rows put one after another."""
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        values = np.concatenate(rows) if len(rows) else np.empty(0)
        return cls(values.astype(dtype, copy=False), offsets)

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> Ragged:
        """The UTF-8 bytes of texts."""
        return cls.of([np.frombuffer(text.encode(), dtype=np.uint8) for text in texts], dtype=np.uint8)

    @classmethod
    def open(cls, folder: Path, name: str) -> Ragged:
        """Map what `save` wrote; little is read."""
        values = np.load(folder / f"{name}_values.npy", mmap_mode="r")
        return cls(values, np.load(folder / f"{name}_offsets.npy"))

    def save(self, folder: Path, name: str) -> None:
        """Two files."""
        np.save(folder / f"{name}_values.npy", self.values)
        np.save(folder / f"{name}_offsets.npy", self.offsets)

    @classmethod
    def stream(cls, folder: Path, name: str, rows: Iterable[NDArray[Any]], *, like: NDArray[Any]) -> Ragged:
        """Rows written as they come, so that one at a time is in memory; opened as by `open`.

        Args:
            folder: to write into.
            name: of the rows.
            rows: of any length, and of the type and further axes of ``like``.
            like: rows, of which there need be none.
        """
        offsets = [0]
        with (folder / f"{name}_values.npy").open("wb") as file:
            _write_header(file, 0, like)
            for row in rows:
                file.write(np.ascontiguousarray(row, dtype=like.dtype).tobytes())
                offsets.append(offsets[-1] + len(row))
            file.seek(0)
            _write_header(file, offsets[-1], like)  # of the same size: NumPy leaves room for a growing first axis
        np.save(folder / f"{name}_offsets.npy", np.array(offsets))
        return cls.open(folder, name)

    def lengths(self, rows: Rows) -> Rows:
        """How long these rows are."""
        return self.offsets[rows + 1] - self.offsets[rows]

    def row(self, row: int) -> NDArray[Any]:
        """One row."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def text(self, row: int) -> str:
        """One row of UTF-8 bytes as text."""
        return self.row(row).tobytes().decode()

    def padded(self, rows: Rows, *, length: int | None = None) -> NDArray[np.int64]:
        """These rows as int64 ``(B, T)``, PAD after the end of each; ``length`` sets T where it is given."""
        lengths_B = self.lengths(rows)
        steps_T = np.arange(int(lengths_B.max(initial=0)) if length is None else length)
        real_BT = steps_T < lengths_B[:, None]
        out_BT = np.full(real_BT.shape, PAD, dtype=np.int64)
        # boolean indexing is row by row, as is the concatenation of the rows
        out_BT[real_BT] = self.values[(self.offsets[rows][:, None] + steps_T)[real_BT]]
        return out_BT


def _write_header(file: BinaryIO, length: int, like: NDArray[Any]) -> None:
    described = np.lib.format.header_data_from_array_1_0(like) | {"shape": (length, *like.shape[1:])}
    np.lib.format.write_array_header_1_0(file, described)


def shifted(tokens: Ragged, rows: Rows, tokenizer: Tokenizer) -> tuple[Tensor, Tensor]:
    """What a decoder is given and what it should say next, int64 ``(B, T)`` each: START and rows, rows and END."""
    lengths_B = tokens.lengths(rows)
    out_BT = tokens.padded(rows, length=int(lengths_B.max(initial=1)) + 1)
    in_BT = np.concatenate([np.full((len(rows), 1), tokenizer.start), out_BT[:, :-1]], axis=1)
    out_BT[np.arange(len(rows)), lengths_B] = tokenizer.end
    return torch.from_numpy(in_BT), torch.from_numpy(out_BT)
