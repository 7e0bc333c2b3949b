"""A general compressor as a language model: how many bits a text takes that nobody has read before.

Lempel and Ziv 1977, "A universal algorithm for sequential data compression"; Pavlov's LZMA, as in the xz format.

N documents.
"""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bakeoff.models.contracts import FittedModel
from bakeoff.tables import table_of


class Lzma(FittedModel):
    """The bits of all documents compressed together, shared out by their bytes (Lempel and Ziv 1977).

    It learns nothing from the train text: it is what a person without a model would get.
    """

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Nothing to fit."""

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """Bits of each document, shape ``(N,)``: its bytes times the compression of the whole."""
        pieces = [example.encode() for example in examples]
        whole = b"".join(pieces)
        bits = 8 * len(lzma.compress(whole, format=lzma.FORMAT_RAW, filters=_FILTERS))
        return table_of(bits=np.array([bits * len(piece) / len(whole) for piece in pieces]))

    def save(self, folder: Path) -> None:
        """Nothing to keep."""

    def load(self, folder: Path) -> None:
        """Nothing was kept."""


_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
