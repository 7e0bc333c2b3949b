"""Tables of the user's own: CSV, JSON lines, JSON or Parquet, in one file or in a file a split."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict
from datasets.fingerprint import generate_random_fingerprint

from bakeoff.data.sources.source import Head, Source, existing_path, file_states, noted
from bakeoff.data.sources.table_file import SPREADSHEETS, SUFFIXES, read_table_file, table_suffix
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_HEAD_BYTES = 1 << 20


@dataclasses.dataclass(kw_only=True, eq=False)
class Tables(Source):
    """Rows from files with named columns; a table of one kind of rows adds its own settings.

    Args:
        file: the table; without the other two, all splits are made from it.
        val_file: the rows to validate on; null: drawn from ``file``.
        test_file: the rows to test on; null: drawn from ``file``.
        sep: between the columns of a CSV file, see `TableFormat`; null finds it.
        quote: around fields of a CSV file, see `TableFormat`; null finds it.
        encoding: of CSV and JSON files.
        header: the names of the columns of CSV files whose first line is a row already; null: it says them.
    """

    file: str
    val_file: str | None = None
    test_file: str | None = None
    sep: str | None = None
    quote: str | None = None
    encoding: str = "utf-8"
    header: Sequence[str] | None = None

    def __post_init__(self) -> None:
        named = {
            "train": ("data.file", self.file),
            "val": ("data.val_file", self.val_file),
            "test": ("data.test_file", self.test_file),
        }
        self._files = {split: (key, given) for split, (key, given) in named.items() if given is not None}
        header = tuple(self.header or ())
        self._format = TableFormat(sep=self.sep, quote=self.quote, encoding=self.encoding, header=header)

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``file`` of a table."""
        return "file" if path.is_file() and table_suffix(path.name) in (*SUFFIXES, *SPREADSHEETS) else None

    def identity(self) -> dict[str, Any]:
        """The state of the files, and how they are read."""
        states = {}
        for split, (key, given) in self._files.items():
            file = _existing_file(given, key)
            states[split] = file_states([file], relative_to=file.parent)
        folder = str(_existing_file(*reversed(self._files["train"])).parent)
        return {"source": "tables", "folder": folder, "files": states} | self._format.to_dict()

    def load(self) -> DatasetDict:
        """A split a file; each row is called by its file and line, or its number from 1 where there are no lines."""
        return self._read()

    def head(self) -> Head | None:
        """The first rows of each file; of large JSON None, since any row may have a column of its own."""
        files = [_existing_file(given, key) for key, given in self._files.values()]
        if sum(file.stat().st_size for file in files) <= _HEAD_BYTES:
            return Head(self._read(), whole=True)
        if any(table_suffix(file.name) in (".json", ".jsonl") for file in files):
            return None
        return Head(self._read(most=_HEAD_BYTES), whole=False)

    def _read(self, *, most: int | None = None) -> DatasetDict:
        loaded: dict[str, Dataset] = {}
        notes: list[str] = []
        for split, (key, given) in self._files.items():
            file = _existing_file(given, key)
            read = read_table_file(file, self._format, key=key, most=most)
            same = [given for _, given in self._files.values() if Path(given).name == file.name]
            name = file.name if len(same) == 1 else f"{split}/{file.name}"
            table = read.table
            if EXAMPLE_COLUMN not in table.column_names:
                # Before there is a Dataset, whose own way to add a column takes six seconds for a million rows.
                lines = pa.array(np.asarray(read.lines, dtype=np.int64)).cast(pa.string())
                table = table.append_column(EXAMPLE_COLUMN, pc.binary_join_element_wise(f"{name}:", lines, ""))
            # Else it makes one of the whole table's bytes, and a copy of them.
            loaded[split] = Dataset(table, fingerprint=generate_random_fingerprint())
            notes += read.notes
        return noted(loaded, dict.fromkeys(notes))


def _existing_file(given: str, key: str) -> Path:
    path = existing_path(given, key=key)
    if path.is_dir():
        raise DataError("data.not_a_file", key, given, f"{path} is a folder", allowed=f"a file: {', '.join(SUFFIXES)}")
    return path
