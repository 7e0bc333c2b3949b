"""Tables of interactions: any table with named columns, RecBole's atomic files, and MovieLens' own files.

RecBole's ``.inter`` files have a tab between columns and a header such as ``user_id:token``; GroupLens' ``u.data`` and
``ratings.dat`` have none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

from datasets import Dataset, DatasetDict

from bakeoff.data.columns import has_usual_names
from bakeoff.data.sources.csv_file import read_csv
from bakeoff.data.sources.decoding import decoded
from bakeoff.data.sources.source import Head, Source, existing_path, file_states, noted
from bakeoff.data.sources.table_file import SUFFIXES, read_table_file
from bakeoff.data.sources.table_format import ReadTable, TableFormat
from bakeoff.data.sources.unpacking import unpacked
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_HEAD_BYTES, _LONGEST_HEADER = 1 << 20, 1 << 12
_MOVIELENS = ("user", "item", "rating", "timestamp")
_NAMES = ("u.data", "ratings.dat", "ratings.csv")
_PACKED = re.compile(r"\.(gz|bz2|xz|zst|zip)$")


class InteractionFiles(Source):
    """Rows of who took what, and when, from one file.

    Args:
        file: a table, a file of RecBole's, or ``u.data``, ``ratings.dat`` or ``ratings.csv`` of a MovieLens.
        sep: between the columns of a CSV file, see `TableFormat`; null finds it.
        quote: around fields of a CSV file, see `TableFormat`; null finds it.
        encoding: of CSV and JSON files.
        header: the names of the columns of CSV files whose first line is a row already; null: it says them.
    """

    is_certain = True

    def __init__(
        self,
        *,
        file: str,
        sep: str | None = None,
        quote: str | None = None,
        encoding: str = "utf-8",
        header: list[str] | None = None,
    ) -> None:
        self._file = file
        self._format = TableFormat(sep=sep, quote=quote, encoding=encoding, header=tuple(header or ()))
        self._key = "data.file"

    @classmethod
    def of(cls, file: Path, how: TableFormat, *, key: str) -> Self:
        """The file as a setting ``key`` names it."""
        found = cls(file=str(file))
        found._format, found._key = how, key
        return found

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``file`` of what is known by its name, or by a header that names user, item and time."""
        name = _PACKED.sub("", path.name.lower())
        if not path.is_file():
            return None
        return "file" if name in _NAMES or name.endswith(".inter") or _says_so(path) else None

    def identity(self) -> dict[str, Any]:
        """The state of the file, and how it is read."""
        file = self._path()
        states = file_states([file], relative_to=file.parent)
        return {"source": "interaction_files", "folder": str(file.parent), "files": states} | self._format.to_dict()

    def load(self) -> DatasetDict:
        """One split; each row is called by its file and line, or its number from 1 where there are no lines."""
        return self._read()

    def head(self) -> Head | None:
        """The first rows; of large JSON None, since any row may have a column of its own."""
        file = self._path()
        if file.stat().st_size <= _HEAD_BYTES:
            return Head(self._read(), whole=True)
        return None if ".json" in file.name.lower() else Head(self._read(most=_HEAD_BYTES), whole=False)

    def _path(self) -> Path:
        path = existing_path(self._file, key=self._key)
        if path.is_dir():
            near = ", ".join(sorted(name for name in _NAMES if (path / name).exists()))
            allowed = f"a file: {near or ', '.join((*SUFFIXES, '.inter', *_NAMES))}"
            raise DataError("data.not_a_file", self._key, self._file, f"{path} is a folder", allowed=allowed)
        return path

    def _read(self, *, most: int | None = None) -> DatasetDict:
        file = self._path()
        read = self._table(file, most)
        rows = Dataset(read.table)
        if EXAMPLE_COLUMN not in rows.column_names:
            rows = rows.add_column(EXAMPLE_COLUMN, [f"{file.name}:{line}" for line in read.lines])
        return noted({"train": rows}, read.notes)

    def _table(self, file: Path, most: int | None) -> ReadTable:
        name = _PACKED.sub("", file.name.lower())
        if not (name.endswith(".inter") or name in ("u.data", "ratings.dat")):
            return read_table_file(file, self._format, key=self._key, most=most)
        _, content = unpacked(file, key=self._key, most=most)
        is_cut = most is not None and len(content) == most
        text = decoded(content, file, encoding=self._format.encoding, key=self._key, cut=is_cut)
        if is_cut:
            text = text[: text.rfind("\n") + 1] or text
        if name == "ratings.dat":
            text = text.replace("::", "\t")
        header = () if name.endswith(".inter") else _MOVIELENS
        read = read_csv(text, file, TableFormat(sep="tab", quote="none", header=header), suffix=".tsv", key=self._key)
        names = [column.partition(":")[0] for column in read.table.column_names]
        return ReadTable(read.table.rename_columns(names), read.lines, read.notes)


def _says_so(path: Path) -> bool:
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    with path.open("rb") as file:
        first = file.readline(_LONGEST_HEADER).decode("utf-8", "replace").strip().removeprefix("\ufeff")
    return has_usual_names((name.strip('" ') for name in re.split(r"[,;\t|]", first)), ("user", "item", "time"))
