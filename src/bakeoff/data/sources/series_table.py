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
        file: the table; without the other two, all splits are made from it.
        val_file: the series to validate on; null: drawn from ``file``.
        test_file: the series to test on; null: drawn from ``file``.
        sep: between the columns of a CSV file, see `TableFormat`; null finds it.
        quote: around fields of a CSV file, see `TableFormat`; null finds it.
        encoding: of CSV and JSON files.
        header: the names of the columns of CSV files whose first line is a row already; null: it says them.
    """

    def __init__(
        self,
        *,
        file: str,
        series: str,
        label: str | None = None,
        time: str | None = None,
        values: Sequence[str] | None = None,
        val_file: str | None = None,
        test_file: str | None = None,
        sep: str | None = None,
        quote: str | None = None,
        encoding: str = "utf-8",
        header: Sequence[str] | None = None,
    ) -> None:
        super().__init__(
            file=file, val_file=val_file, test_file=test_file, sep=sep, quote=quote, encoding=encoding, header=header
        )
        self._columns = LongColumns(series, label, time, values)

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
