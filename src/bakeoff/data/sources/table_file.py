"""Any table in a file, by the ending of its name: what all readers of tables go through."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path

from bakeoff.data.sources.csv_file import read_csv
from bakeoff.data.sources.decoding import decoded
from bakeoff.data.sources.json_file import read_json
from bakeoff.data.sources.parquet_file import read_parquet
from bakeoff.data.sources.table_format import ReadTable, TableFormat
from bakeoff.data.sources.unpacking import PACKED, unpacked
from bakeoff.errors import DataError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")

_PARQUET = b"PAR1"
_SAME_AS = {".ndjson": ".jsonl", ".tab": ".tsv", ".pq": ".parquet"}
_DELIMITED = (".txt", ".dat", ".data", ".out")
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".xlsm")


def read_table_file(file: Path, how: TableFormat, *, key: str, most: int | None = None) -> ReadTable:
    """The table of a file, compressed or not.

    Args:
        file: the file.
        how: what its name does not say of it.
        key: the setting to blame.
        most: bytes whose rows are wanted, of Parquet a row a kilobyte; None is all.

    Raises:
        DataError: not such a table, with the line where it stops to be one.
    """
    name, content = unpacked(file, key=key, most=most)
    suffix = table_suffix(name)
    if content.startswith(_PARQUET) or suffix == ".parquet":
        most_rows = None if most is None else max(most // 1024, 1)
        return read_parquet(content if most is None else file, file, key=key, most=most_rows)
    if suffix not in SUFFIXES:
        problem = f"cannot tell what kind of table {file} is"
        next_step = "give the file's name the ending of what it is"
        if suffix in _DELIMITED:
            next_step = "call it .csv or .tsv if its lines are rows"
        if suffix in SPREADSHEETS:
            next_step = "export the sheet as CSV"
        raise DataError("data.unknown_format", key, file.name, problem, allowed=SUFFIXES, next_step=next_step)
    is_cut = most is not None and len(content) == most
    text = decoded(content, file, encoding=how.encoding, key=key, cut=is_cut)
    text = _whole_lines(text) if is_cut else text
    with _collection_paused():
        if suffix in (".jsonl", ".json"):
            return read_json(text, file, key=key)
        return read_csv(text, file, how, suffix=suffix, key=key)


def table_suffix(name: str) -> str:
    """The ending that says what kind of table a file is, below that of a compression: ``.csv`` of ``a.CSV.gz``."""
    path = Path(name.lower())
    suffix = path.with_suffix("").suffix if path.suffix in PACKED else path.suffix
    return _SAME_AS.get(suffix, suffix)


@contextlib.contextmanager
def _collection_paused() -> Iterator[None]:
    """A million rows have no cycles; looking for them again and again makes reading them take 5.6 s instead of 1.6."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _whole_lines(text: str) -> str:
    """The lines of a text that is cut off, up to one outside of quotes; all of it where there is none such."""
    end, num_quotes = len(text), text.count('"')
    while end and (text[end - 1] != "\n" or num_quotes % 2):
        line_start = text.rfind("\n", 0, end - 1) + 1
        num_quotes -= text.count('"', line_start, end)
        end = line_start
    return text[:end] or text
