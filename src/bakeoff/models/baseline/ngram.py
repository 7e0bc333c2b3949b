"""A language model that counts: interpolated character n-grams.

Witten and Bell 1991, "The zero-frequency problem", IEEE Transactions on Information Theory 37(4); Bell, Cleary and
Witten 1990, "Text compression", for bytes as symbols.

N documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_FILE = "ngram.safetensors"
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class ByteNgrams(FittedModel):
    """The next byte from the bytes before it, by counts of all orders, mixed as Witten and Bell (1991) do.

    ``p_n(b | context) = (count(context b) + types(context) p_(n-1)(b | shorter context)) / (count(context) +
    types(context))``, down to a uniform guess over 256 bytes. A context is a 64-bit hash of its bytes: that two of ten
    million share a hash has a probability of about 1e-5.

    Args:
        order: the longest sequence that is counted, in bytes: ``order - 1`` of context and the next one.
    """

    def __init__(self, *, order: Count = 6) -> None:
        if order < 1:
            raise ValueError(f"order must be at least 1; got {order}")
        self.order = order
        self.tables: dict[str, NDArray[Any]] = {}

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Counts every sequence of up to ``order`` bytes of the train documents."""
        text = np.concatenate([_bytes_of(example) for example in examples])
        contexts = np.zeros(len(text), dtype=np.uint64)
        for length in range(self.order):
            if length:
                contexts = _extended(text, contexts, length)
            grams, counts = np.unique(_followed(contexts, text)[length:], return_counts=True)
            self.tables[f"grams{length}"], self.tables[f"gram_counts{length}"] = grams, counts
            seen, totals = np.unique(contexts[length:], return_counts=True)
            self.tables[f"contexts{length}"], self.tables[f"totals{length}"] = seen, totals
            self.tables[f"types{length}"] = _types(contexts[length:], text[length:], seen)

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """Bits of each document, shape ``(N,)``."""
        return table_of(bits=np.array([self._bits(_bytes_of(example)) for example in examples]))

    def _bits(self, text: NDArray[np.uint8]) -> float:
        probability = np.full(len(text), 1 / 256)
        contexts = np.zeros(len(text), dtype=np.uint64)
        for length in range(min(self.order, len(text))):
            if length:
                contexts = _extended(text, contexts, length)
            count = self._lookup("grams", "gram_counts", length, _followed(contexts, text))
            total = self._lookup("contexts", "totals", length, contexts)
            types = self._lookup("contexts", "types", length, contexts)
            mixed = (count + types * probability) / np.maximum(total + types, 1)
            known = (total > 0) & (np.arange(len(text)) >= length)
            probability = np.where(known, mixed, probability)
        return float(-np.log2(probability).sum())

    def _lookup(self, keys: str, values: str, length: int, wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
        stored = self.tables[f"{keys}{length}"]
        if not len(stored):  # the training text is shorter than this context
            return np.zeros(len(wanted), dtype=np.int64)
        places = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
        return np.where(stored[places] == wanted, self.tables[f"{values}{length}"][places], 0)

    def save(self, folder: Path) -> None:
        """The tables."""
        save_file({name: np.ascontiguousarray(table) for name, table in self.tables.items()}, folder / _FILE)

    def load(self, folder: Path) -> None:
        """The tables again."""
        self.tables = load_file(folder / _FILE)


def _bytes_of(document: str) -> NDArray[np.uint8]:
    return np.frombuffer(document.encode(), dtype=np.uint8)


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection that spreads near numbers over all 64 bits (the finaliser of SplitMix64; Steele et al. 2014)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


def _extended(text: NDArray[np.uint8], contexts: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """Contexts of one byte more: of place i the bytes before it, the farthest added last."""
    far = np.zeros(len(text), dtype=np.uint64)
    far[length:] = text[:-length] if length < len(text) else 0
    return _mixed(contexts + (far + np.uint64(1)) * _MULTIPLIER)


def _followed(contexts: NDArray[np.uint64], text: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hashes of each context together with the byte after it."""
    return _mixed(contexts ^ ((text.astype(np.uint64) + np.uint64(257)) * _MULTIPLIER))


def _types(contexts: NDArray[np.uint64], following: NDArray[np.uint8], seen: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many different bytes follow each context, in the order of ``seen``."""
    pairs = np.unique(np.searchsorted(seen, contexts).astype(np.int64) * 256 + following)
    return np.bincount(pairs // 256, minlength=len(seen))
