"""How tables are to be read, and what comes of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableFormat:
    """How tables in files of text are written.

    Args:
        sep: what stands between columns: a character, or ``comma``, ``semicolon``, ``tab`` or ``bar``; None: what cuts
            the first lines into equal numbers of columns, the usual one before others.
        usual_sep: None: a tab in a ``.tsv``, a comma elsewhere.
        quote: what encloses fields that hold separators or line breaks: a character, or ``double``, ``single`` or
            ``none``; None: a ``"``, but between tabs only where the whole file is quoted.
        encoding: as Python names it; a byte-order mark of UTF-8 is taken away.
        header: the names of columns, of files whose first line is a row; empty: their first line says them.
    """

    sep: str | None = None
    usual_sep: str | None = None
    quote: str | None = None
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What tells one reading of a file from another."""
        how = dataclasses.asdict(self)
        return how if self.header else {key: value for key, value in how.items() if key != "header"}


@dataclasses.dataclass(frozen=True)
class ReadTable:
    """The rows of a file.

    Args:
        table: their columns, by distinct names.
        lines: the line of each row; of a JSON list and of Parquet, the row's number from 1.
        notes: what was decided that the settings leave open, a sentence each.
    """

    table: pa.Table
    lines: Sequence[int]
    notes: tuple[str, ...] = ()


def distinct(names: Sequence[str]) -> list[str]:
    """The names of columns, each once: ``label [column 2]`` of several ``label``, ``Unnamed: 0`` of one without a name.

    So a name that stands for two columns stands for none, and whoever uses neither does not mind.
    """
    counts = Counter(names)
    return [
        name if name and counts[name] == 1 else f"{name} [column {number}]" if name else f"Unnamed: {number - 1}"
        for number, name in enumerate(names, 1)
    ]
