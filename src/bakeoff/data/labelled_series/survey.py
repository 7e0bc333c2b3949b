"""Series with classes before they are prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datasets import DatasetDict

from bakeoff.data.labelled_series.columns import LabelledSeriesColumns
from bakeoff.data.labelled_series.table import LabelledSeriesTable, completed, read_table, shown
from bakeoff.data.surveyor import Surveyor


class LabelledSeriesSurveyor(Surveyor[LabelledSeriesTable]):
    """Series, and the class of each."""

    def read(self, splits: DatasetDict, columns: LabelledSeriesColumns) -> LabelledSeriesTable:
        """The series that have a class."""
        return read_table(splits, columns, split=self.split, on_missing=self.on_missing)

    def settle(self, section: Mapping[str, Any]) -> None:
        """Fills what is missing.

        Raises:
            DataError: something is, and nothing says what stands in for it.
        """
        values, notes = completed(self.table.values, section["fill"], self.table.examples)
        self.table = replace(self.table, values=values, notes=(*self.table.notes, *notes))

    def digests(self) -> list[bytes]:
        """As training has them."""
        return self.table.digests()

    def measures(self) -> dict[str, Sequence[float]]:
        """Steps and channels."""
        return {
            "steps": [len(own_TK) for own_TK in self.table.values],
            "channels": [own_TK.shape[1] for own_TK in self.table.values],
        }

    def show(self, row: int) -> str:
        """The first values."""
        return shown(self.table.values[row])


SURVEYOR = LabelledSeriesSurveyor
