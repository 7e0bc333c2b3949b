"""Tables of scores from any tool: names as they are written, numbers where numbers are wanted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from bakeoff.data.sources.table_file import SUFFIXES, read_table_file, table_suffix
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.errors import DataError, nearest

COLUMNS = ("contender", "seed", "trial", "example", "score", "split")
"""What a verdict may use, beside the cluster."""
_NUMBERS = ("seed", "trial", "score")
_MISSING = ("", "NA", "N/A", "NaN", "nan", "-nan", "null", "NULL", "None", "\\N")
"""What stands in them where there is no number; a contender or an example may be called NA."""
_DECIMAL_COMMA = r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?"
_MOST_NAMED = 10


def read_scores(path: Path, how: TableFormat | None = None, *, key: str = "scores") -> tuple[pd.DataFrame, list[str]]:
    """A table of scores by the end of its name, and sentences on how it was read.

    Args:
        path: the file.
        how: what its name does not say of it.
        key: the argument to blame.

    Raises:
        DataError: no such file, an unknown kind, one that cannot be read, or a score that is no number, with its line.
    """
    if not path.is_file():
        beside = [file.name for file in path.parent.glob("*") if table_suffix(file.name) in SUFFIXES]
        problem = f"there is no file {path.resolve()}"
        raise DataError("data.not_found", key, path, problem, allowed=nearest(path.name, beside) or None)
    read = read_table_file(path, how or TableFormat(), key=key)
    frame, notes = read.table.to_pandas(ignore_metadata=True), list(read.notes)
    for name in filter(lambda name: pd.api.types.is_string_dtype(frame[name]), frame.columns):
        if name in _NUMBERS:
            frame[name], found = _numbers(frame[name], path, read.lines)
            notes += found
        else:
            frame[name] = frame[name].where(frame[name] != "", None)
    return frame, notes


def unused(columns: Iterable[str], *, cluster: str | None) -> list[str]:
    """A sentence on the columns that no verdict uses, where there are any, and on what their names may have meant."""
    used = {*COLUMNS, cluster or "cluster"}
    left = [name for name in columns if name not in used]
    if not left:
        return []
    near = [(name, difflib.get_close_matches(name.lower(), used, n=1, cutoff=0.8)) for name in left]
    hints = [f"rename {name} to {known[0]} if it is meant" for name, known in near if known]
    shown = ", ".join(left[:_MOST_NAMED]) + (", ..." if len(left) > _MOST_NAMED else "")
    return [f"Columns that are not used: {'; '.join([shown, *hints[:2]])}."]


def _numbers(texts: pd.Series, path: Path, lines: Sequence[int]) -> tuple[pd.Series, list[str]]:
    """The numbers that texts are; NaN where there is none. Labels of runs may be texts."""
    given = texts.where(~texts.isin(_MISSING), None).str.strip().replace({"True": "1", "False": "0"})
    values, notes = pd.to_numeric(given, errors="coerce"), []
    if (unread := values.isna() & given.notna()).any() and given[unread].str.fullmatch(_DECIMAL_COMMA).all():
        values = pd.to_numeric(given.str.replace(",", "."), errors="coerce")
        notes = [f"Numbers of the column {texts.name} in {path.name} have decimal commas."]
        unread = values.isna() & given.notna()
    if not unread.any():
        return values, notes
    if texts.name != "score":
        return given, []
    row = int(unread.to_numpy().argmax())
    problem = f"row {lines[row]} of {path} says {texts.iloc[row]!r}, which is no number"
    raise DataError("data.bad_scores", "score", None, problem, next_step="give a number in each row, such as 0.85")
