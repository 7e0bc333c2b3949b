"""Tables of the user's own: CSV, JSON lines, JSON or Parquet, in one file or in a file a split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from bakeoff.data.sources.csv_file import read_numbered_csv, read_text
from bakeoff.data.sources.source import Source, existing_path, file_states
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")

_KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_SPREADSHEETS = (".xlsx", ".xls", ".ods")
_CONVERT = dict.fromkeys(_COMPRESSED, "unpack it") | dict.fromkeys(_SPREADSHEETS, "export the sheet as CSV")


class Tables(Source):
    """Rows from files with named columns.

    Args:
        file: the table; without the other two, all splits are made from it.
        val_file: the rows to validate on; null: drawn from ``file``.
        test_file: the rows to test on; null: drawn from ``file``.
        sep: what stands between the columns of a CSV file: a character, or ``comma``, ``semicolon``, ``tab`` or
            ``bar``; null: a tab in a ``.tsv``, else a comma.
        encoding: of CSV and JSON files.
    """

    def __init__(
        self,
        *,
        file: str,
        val_file: str | None = None,
        test_file: str | None = None,
        sep: str | None = None,
        encoding: str = "utf-8",
    ) -> None:
        named = {
            "train": ("data.file", file),
            "val": ("data.val_file", val_file),
            "test": ("data.test_file", test_file),
        }
        self._files = {split: (key, given) for split, (key, given) in named.items() if given is not None}
        self._sep = sep
        self._encoding = encoding

    def identity(self) -> dict[str, Any]:
        """The state of the files, and how they are read."""
        states = {}
        for split, (key, given) in self._files.items():
            file = _existing_file(given, key)
            states[split] = file_states([file], relative_to=file.parent)
        folder = str(_existing_file(*reversed(self._files["train"])).parent)
        reading = {"sep": self._sep, "encoding": self._encoding, "names": "lines"}
        return {"source": "tables", "folder": folder, "files": states} | reading

    def load(self) -> DatasetDict:
        """A split a file; each row is called by its file and line, or its number from 1 where there are no lines."""
        loaded = {}
        for split, (key, given) in self._files.items():
            file = _existing_file(given, key)
            table, lines = _read_numbered(file, sep=self._sep, encoding=self._encoding, key=key)
            same = [given for _, given in self._files.values() if Path(given).name == file.name]
            name = file.name if len(same) == 1 else f"{split}/{file.name}"
            if EXAMPLE_COLUMN not in table.column_names:
                table = table.add_column(EXAMPLE_COLUMN, [f"{name}:{line}" for line in lines])
            loaded[split] = table
        return DatasetDict(loaded)


def read_table_file(file: Path, *, sep: str | None, encoding: str, key: str) -> Dataset:
    """A table as a data set, by the file's suffix.

    Raises:
        DataError: not such a table, with the line where it stops to be one.
    """
    return _read_numbered(file, sep=sep, encoding=encoding, key=key)[0]


def _read_numbered(file: Path, *, sep: str | None, encoding: str, key: str) -> tuple[Dataset, list[int]]:
    """A table, and the line of each row; of a JSON list and of Parquet, the row's number from 1."""
    suffix = file.suffix.lower()
    if suffix in (".csv", ".tsv"):
        columns, lines = read_numbered_csv(file, sep=sep, encoding=encoding, key=key)
        return Dataset.from_dict(columns), lines
    if suffix in (".jsonl", ".json"):
        records, lines = _read_json(file, encoding=encoding, key=key)
        return _from_records(records, file, key), lines
    if suffix == ".parquet":
        table = _read_parquet(file, key)
        return table, list(range(1, len(table) + 1))
    problem = f"cannot tell what kind of table {file} is"
    next_step = _CONVERT.get(suffix, "give the file's name the ending of what it is")
    raise DataError("data.unknown_format", key, file.name, problem, allowed=SUFFIXES, next_step=next_step)


def _existing_file(given: str, key: str) -> Path:
    path = existing_path(given, key=key)
    if path.is_dir():
        raise DataError("data.not_a_file", key, given, f"{path} is a folder", allowed=f"a file: {', '.join(SUFFIXES)}")
    return path


def _read_json(file: Path, *, encoding: str, key: str) -> tuple[list[Any], list[int]]:
    """One list of objects, or an object a line, blank lines skipped; and the number of each, or its line."""
    text = read_text(file, encoding=encoding, key=key)
    whole = text.lstrip().startswith("[")
    pieces = [(1, text)] if whole else [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    records: list[Any] = []
    lines: list[int] = []
    for number, piece in pieces:
        try:
            found = json.loads(piece)
        except json.JSONDecodeError as error:
            line = number + error.lineno - 1
            problem = f"line {line} of {file} is no JSON ({error.msg})"
            raise DataError("data.bad_table", key, file.name, problem, next_step="repair that line") from error
        added = found if whole else [found]
        other = next((place for place, record in enumerate(added, 1) if not isinstance(record, dict)), None)
        if other is not None:
            problem = f"entry {other} of the list in {file}" if whole else f"line {number} of {file}"
            allowed = '{"text": ..., "label": ...}'
            raise DataError("data.bad_table", key, file.name, f"{problem} is no object", allowed=allowed)
        records += added
        lines += range(1, len(added) + 1) if whole else [number]
    return records, lines


def _from_records(records: list[Any], file: Path, key: str) -> Dataset:
    names = list(dict.fromkeys(name for record in records for name in record))
    if not names:
        raise DataError("data.empty_split", key, file.name, f"{file} has no rows")
    try:
        return Dataset.from_dict({name: [record.get(name) for record in records] for name in names})
    except Exception as error:  # Arrow's and the library's own errors, for values of different types in a column
        problem = _mixture(records, names) or f"a column of {file} mixes types ({str(error)[:200]})"
        raise DataError("data.bad_table", key, file.name, problem, next_step="give a column one type") from error


def _mixture(records: list[Any], names: list[str]) -> str | None:
    """The first value whose type differs from that of the first one in its column."""
    for name in names:
        kinds = [(row, type(record[name])) for row, record in enumerate(records, 1) if record.get(name) is not None]
        for row, kind in kinds:
            if kind is not kinds[0][1] and {kind, kinds[0][1]} != {int, float}:
                known, other = _KINDS.get(kinds[0][1], "other"), _KINDS.get(kind, "other")
                return f"column {name} holds {known} in record {kinds[0][0]:,} and {other} in record {row:,}"
    return None


def _read_parquet(file: Path, key: str) -> Dataset:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowInvalid, OSError) as error:
        problem = f"{file} is no Parquet file ({str(error)[:200]})"
        raise DataError("data.unreadable", key, file.name, problem, next_step="write it again") from error
    table = table.select([name for name in table.column_names if name != "__index_level_0__"])
    return Dataset(table)
