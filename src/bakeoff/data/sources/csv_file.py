"""CSV read strictly, so that a broken file names its line instead of giving half of its rows.

Source: RFC 4180; quotes are doubled within quotes, and a quoted field may hold line breaks.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NoReturn

from bakeoff.errors import DataError

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""A semicolon and a tab are hard to type on a command line."""
_LONGEST_FIELD = 1 << 30  # bytes; the module's own limit of 131,072 is less than a long document


def read_csv(file: Path, *, sep: str | None, encoding: str, key: str = "data.file") -> dict[str, list[str]]:
    """The columns of a CSV file with a header, every value as text; as `read_numbered_csv`."""
    return read_numbered_csv(file, sep=sep, encoding=encoding, key=key)[0]


def read_numbered_csv(
    file: Path, *, sep: str | None, encoding: str, key: str
) -> tuple[dict[str, list[str]], list[int]]:
    """The columns of a CSV file with a header, every value as text, and the line at which each row begins.

    Blank lines become rows of empty values, so that whoever drops rows without text counts them too.

    Args:
        file: the file.
        sep: what stands between columns: a character, or ``comma``, ``semicolon``, ``tab`` or ``bar``; None: a tab in a
            ``.tsv``, else a comma.
        encoding: as Python names it; a byte-order mark of UTF-8 is taken away.
        key: the setting to blame.

    Raises:
        DataError: with the line: another encoding, another separator, a row with more or fewer fields than the header,
            a quote that is never closed, or a header with a name twice.
    """
    text = read_text(file, encoding=encoding, key=key)
    sep = sep or ("\t" if file.suffix.lower() == ".tsv" else ",")
    sep = {name: mark for mark, name in _NAMES.items()}.get(sep, sep)
    if len(sep) != 1:
        problem, allowed = "a separator is one character", f"{', '.join(_NAMES.values())}, or a character"
        raise DataError("data.delimiter", beside(key, "sep"), sep, problem, allowed=allowed)
    rows = _parse(text, sep, file, key)
    header = next(rows, (1, []))[1]
    _check_header(header, sep, file, key)
    first = next(rows, None)
    if first is None:
        problem = f"{file} has a header and no rows"
        raise DataError("data.empty_split", key, file.name, problem, next_step="give rows below the column names")
    columns: dict[str, list[str]] = {name: [] for name in header}
    lines = []
    for line, row in chain([first], rows):
        if row and len(row) != len(header):
            problem = f"line {line} of {file} has {len(row)} fields where the header has {len(header)}"
            next_step = f"quote fields that hold the separator, or set {beside(key, 'sep')}"
            raise DataError("data.ragged", key, file.name, problem, next_step=next_step)
        for name, value in zip(header, row or [""] * len(header), strict=True):
            columns[name].append(value)
        lines.append(line)
    return columns, lines


def read_text(file: Path, *, encoding: str, key: str = "data.file") -> str:
    """A file's text, without a byte-order mark and with its line ends as they are.

    Raises:
        DataError: the file is in another encoding (with the line), or there is no such encoding.
    """
    content = file.read_bytes()
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        allowed = "utf-8, latin-1, cp1252, utf-16, ... (Python's names)"
        setting = beside(key, "encoding")
        raise DataError("data.encoding", setting, encoding, "is no encoding", allowed=allowed) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = f"line {line} of {file} is not {encoding} (byte {error.start:,} is 0x{content[error.start]:02x})"
        setting = beside(key, "encoding")
        next_step = f"{setting}=cp1252 or latin-1 if it comes from an older program, or save it as UTF-8"
        if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            next_step = f"{setting}=utf-16, which its first two bytes say it is"
        raise DataError("data.encoding", key, file.name, problem, next_step=next_step) from error


def beside(key: str, name: str) -> str:
    """The setting of a name in the section of another: ``data.sep`` beside ``data.file``, ``sep`` beside ``input``."""
    return f"{key.rpartition('.')[0]}.{name}".lstrip(".")


def _parse(text: str, sep: str, file: Path, key: str) -> Iterator[tuple[int, list[str]]]:
    """Line number (where the row begins) and fields of each row."""
    limit = csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, strict=True)
    begin = 1
    try:
        for row in reader:
            yield begin, row
            begin = reader.line_num + 1
    except csv.Error as error:
        reason = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
        problem = f"line {begin} of {file} cannot be read: {reason}"
        next_step = f'double the quotes within a quoted field (""), or set {beside(key, "sep")}'
        raise DataError("data.bad_table", key, file.name, problem, next_step=next_step) from error
    finally:
        csv.field_size_limit(limit)


def _check_header(header: list[str], sep: str, file: Path, key: str) -> None:
    if not header or not any(name.strip() for name in header):
        raise DataError("data.empty_split", key, file.name, f"line 1 of {file} holds no column names")
    if len(header) == 1:
        other = next((mark for mark in _NAMES if mark != sep and mark in header[0]), None)
        if other is not None:
            _refuse_separator(header[0], sep, other, file, beside(key, "sep"))
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        problem = f"line 1 of {file} names a column twice: {', '.join(doubled)}"
        raise DataError("data.bad_table", key, file.name, problem, next_step="rename one of them")


def _refuse_separator(header: str, sep: str, other: str, file: Path, setting: str) -> NoReturn:
    found, used = _NAMES[other], _NAMES.get(sep, sep)
    problem = f"line 1 of {file} is one column if cut at the {used}, but holds a {found}: {header[:80]}"
    raise DataError("data.delimiter", setting, used, problem, next_step=f"{setting}={found}")
