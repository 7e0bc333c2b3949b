"""Texts before they are tokenised: labelled ones, pairs and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import DatasetDict

from bakeoff.data.surveyor import Surveyor
from bakeoff.data.text.blocks import cut_into_blocks
from bakeoff.data.text.columns import DocumentColumns, LabelledColumns, PairColumns
from bakeoff.data.text.table import TextTable, read_table

_MOST_SHOWN = 60


class TextSurveyor(Surveyor[TextTable]):
    """Texts of one or two roles."""

    def read(self, splits: DatasetDict, columns: LabelledColumns | DocumentColumns | PairColumns) -> TextTable:
        """The rows that have text."""
        return read_table(splits, columns, split=self.split, on_missing=self.on_missing)

    def settle(self, section: Mapping[str, Any]) -> None:
        """Cuts a document that stands alone into blocks.

        Raises:
            DataError: it is too short.
        """
        block_bytes = section.get("block_bytes")
        if block_bytes is not None and len(self.table.examples) == 1:
            self.table = cut_into_blocks(self.table, block_bytes, self.split)

    def digests(self) -> list[bytes]:
        """As training has them: of texts, or of sources."""
        return self.table.digests()

    def measures(self) -> dict[str, Sequence[float]]:
        """Characters and words, by role."""
        found: dict[str, Sequence[float]] = {}
        for role, texts in self.table.texts.items():
            found[f"characters of {role}"] = [len(text) for text in texts]
            found[f"words of {role}"] = [len(text.split()) for text in texts]
        return found

    def show(self, row: int) -> str:
        """The beginnings of its texts."""
        begins = (" ".join(texts[row][: 2 * _MOST_SHOWN].split()) for texts in self.table.texts.values())
        return " => ".join(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..." for text in begins)


SURVEYOR = TextSurveyor
