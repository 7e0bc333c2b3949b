"""Long tables of series with a class each: CSV, JSON lines, JSON or Parquet, a row a step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from bakeoff.data.labelled_series.long import LongColumns, series_of_rows
from bakeoff.data.sources.source import noted
from bakeoff.data.sources.tables import Tables


@dataclasses.dataclass(kw_only=True, eq=False)
class SeriesTable(Tables):
    """Rows that are a step of a series each::

        gestures.csv    trial,ms,x,y,gesture
                        a17,0,0.12,-0.98,wave
                        a17,20,0.15,-0.97,wave

    Args:
        series: the column that says which series a row is of.
        label: the column of its class, see `LongColumns`.
        time: the column of times; null: rows follow each other as they stand.
        values: the columns of its channels; null: all others of numbers that change within a series.
    """

    series: str
    label: str | None = None
    time: str | None = None
    values: Sequence[str] | None = None

    @property
    def _columns(self) -> LongColumns:
        return LongColumns(self.series, self.label, self.time, self.values)

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """None: a table alone does not tell that its rows are steps of series with a class."""
        return None

    def identity(self) -> dict[str, Any]:
        """The state of the tables, and how they are read."""
        columns = {
            name: list(value) if isinstance(value, list | tuple) else value
            for name, value in dataclasses.asdict(self._columns).items()
        }
        return super().identity() | {"source": "series_table", "columns": columns}

    def load(self) -> DatasetDict:
        """A row a series, called by its name."""
        tables = super().load()
        return noted({split: series_of_rows(rows, self._columns) for split, rows in tables.items()}, tables.notes)

    def head(self) -> None:
        """None: the first rows are part of a series."""
        self.identity()
