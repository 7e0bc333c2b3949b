"""How a delimited file is written: what stands between its columns, and whether its quotes are quoting."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from bakeoff.errors import DataError

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
"""A semicolon and a tab are hard to type on a command line."""
QUOTES = {"none": "", "double": '"', "single": "'"}

_FIRST_RECORDS = 50
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def character(given: str, names: dict[str, str], key: str) -> str:
    """The character that a setting names, or is.

    Raises:
        DataError: it is longer.
    """
    found = names.get(given, given)
    if len(found) > 1:
        allowed = f"{', '.join(names)}, or a character"
        raise DataError("data.delimiter", key, given, "is not one character", allowed=allowed)
    return found


def plain_separator(lines: Sequence[str], usual: str) -> str:
    """What cuts the first records into the same number of columns, at least two: ``usual``, or the only other one."""
    if _cuts_evenly(lines, usual):
        return usual
    others = [sep for sep in SEPARATORS.values() if sep != usual and _cuts_evenly(lines, sep)]
    return others[0] if len(others) == 1 else usual


def reader_of(lines: Iterable[str], sep: str, quote: str, *, strict: bool = False, spaced: bool = False) -> Any:
    """A reader of the standard library, to which no quotes are quoting if ``quote`` is empty."""
    if not quote:
        return csv.reader(lines, delimiter=sep, quoting=csv.QUOTE_NONE, strict=strict, skipinitialspace=spaced)
    return csv.reader(lines, delimiter=sep, quotechar=quote, strict=strict, skipinitialspace=spaced)


def is_quoted(text: str, sep: str) -> bool:
    """Whether all quotes of a file are quoting, as the rule of its writer shows.

    A column is quoted as a whole or not at all, or else those fields are quoted, and no others, that hold separators,
    quotes or line breaks, or, as Excel has it, commas.
    """
    columns: dict[bool, set[int]] = {True: set(), False: set()}
    with_comma, needless = {True: False, False: False}, False
    for row, column, field in _fields(text, sep):
        if field is None:
            return False
        quoted, value = field.startswith('"'), field.strip('"')
        if row and field:
            columns[quoted].add(column)
        if not quoted or not re.search(rf'["\r\n{re.escape(sep)}]', field[1:-1]):
            with_comma[quoted] |= "," in value
            needless |= quoted and "," not in value
    by_need = not needless and not (with_comma[True] and with_comma[False])
    return by_need or not columns[True] & columns[False]


def looks_like_rows(lines: Sequence[str], sep: str, num_columns: int, *, spaced: bool) -> bool:
    """Whether each of some lines alone has as many fields as the table has columns.

    A comma before a space, or within a number, is one of prose, unless the header has spaces after its commas.
    """
    mark = re.compile(re.escape(sep) + ("" if spaced or sep != "," else r"(?!\s)"))
    return all(len(mark.findall(_THOUSANDS.sub("", line.rstrip("\r\n")))) == num_columns - 1 for line in lines)


def _cuts_evenly(lines: Sequence[str], sep: str) -> bool:
    rows = reader_of(lines, sep, "" if sep == "\t" else '"')
    widths = {len(row) for row in islice(filter(None, rows), _FIRST_RECORDS)}
    return len(widths) == 1 and min(widths) > 1


def _fields(text: str, sep: str) -> Iterator[tuple[int, int, str | None]]:
    """Row, column and field, its quotes included; None where a quote stands within a field."""
    pattern = re.compile(rf'("(?:[^"]|"")*+"|[^"{re.escape(sep)}\r\n]*+)({re.escape(sep)}|\r\n|\n|\r|\Z)')
    row = column = position = 0
    while position < len(text):
        found = pattern.match(text, position)
        if found is None:
            yield row, column, None
            return
        yield row, column, found[1]
        row, column = (row, column + 1) if found[2] == sep else (row + 1, 0)
        position = found.end()
