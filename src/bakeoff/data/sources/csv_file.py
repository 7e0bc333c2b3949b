"""CSV read strictly, so that a broken file names its line instead of giving half of its rows.

Source: RFC 4180; quotes are doubled within quotes, and a quoted field may hold line breaks. Every value is text.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from bakeoff.data.sources.decoding import beside
from bakeoff.data.sources.delimiting import (
    QUOTES,
    SEPARATORS,
    character,
    is_quoted,
    looks_like_rows,
    plain_separator,
    reader_of,
)
from bakeoff.data.sources.large_csv import is_large_and_plain, plain_columns
from bakeoff.data.sources.table_format import ReadTable, TableFormat, distinct
from bakeoff.errors import DataError

_HEAD = 1 << 20  # characters that separators are found in
_LONGEST_FIELD = 1 << 30  # bytes; the module's own limit of 131,072 is less than a long document
_EXCELS_LINE = re.compile(r'"?sep=(.)"?\r?\n')
_ESCAPED = re.compile(r'\\(["\\\r\n])')
_FEW, _SHARE_OF_A_CLASS = 3, 0.02
_IMPORT_ID = '{"ImportId"'
"""How every cell of the last line of Qualtrics' header begins."""


@dataclasses.dataclass(frozen=True)
class _Rows:
    """The fields of each row, the header first, and the number of the line at which each begins, and one more."""

    fields: list[list[str]]
    begins: list[int]


def read_csv(text: str, file: Path, how: TableFormat, *, suffix: str, key: str) -> ReadTable:
    """The columns of a CSV file, every value as text.

    Blank lines become rows of empty values, so that whoever drops rows without text counts them too.

    Args:
        text: what the file holds.
        file: where it lies, for errors.
        how: its separator, its quotes and the names of its columns, where they are known.
        suffix: of its name; of a ``.tsv`` the separator is a tab.
        key: the setting to blame.

    Raises:
        DataError: with the line: another separator, a row with more or fewer fields than the header, a quote that is
            never closed, or one whose field seems to hold rows.
    """
    usual, first_line = "\t" if suffix == ".tsv" else how.usual_sep or ",", 1
    usual = SEPARATORS.get(usual, usual)
    if excels := _EXCELS_LINE.match(text):
        usual, text, first_line = excels[1], text[excels.end() :], 2
    is_plain = how.quote is None and is_large_and_plain(text)
    lines = _lines(text[: text.rfind("\n", 0, _HEAD)] if is_plain else text)
    sep = character(how.sep, SEPARATORS, beside(key, "sep")) if how.sep else plain_separator(lines, usual)
    cut = []
    if sep != usual and not how.sep:
        cut = [f"{file.name} is cut at the {_called(sep)}, as its first lines are ({beside(key, 'sep')})."]
    if is_plain and (plain := plain_columns(text, how.header, sep)) is not None:
        first_row = first_line + (not how.header)
        counts = [] if how.header else [pc.sum(pc.equal(plain[name], name)).as_py() for name in plain.column_names]
        notes = _doubts_of_header(plain.column_names, counts, len(plain), file, beside(key, "header"))
        return ReadTable(plain, range(first_row, first_row + len(plain)), (*notes, *cut))
    sheet = _Sheet(file, key, _lines(text) if is_plain else lines, first_line, sep)
    rows, notes = sheet.rows(how.quote)
    if how.header:
        rows = _Rows([list(how.header), *rows.fields], [first_line, *rows.begins])
    else:
        rows, notes = _without_more_header(rows, notes, file)
        header, records = rows.fields[0] if rows.fields else [], [fields for fields in rows.fields[1:] if fields]
        counts = [sum(len(row) > place and row[place] == name for row in records) for place, name in enumerate(header)]
        notes += _doubts_of_header(header, counts, len(records), file, beside(key, "header"))
    names, fields = sheet.columns(rows)
    table = pa.table({name: pa.array(values, pa.string()) for name, values in zip(names, fields, strict=True)})
    return ReadTable(table, rows.begins[1:-1], (*notes, *cut))


def _lines(text: str) -> list[str]:
    """With their ends."""
    return list(io.StringIO(text, newline=""))


@dataclasses.dataclass(frozen=True)
class _Sheet:
    """A file's lines, and how they are cut.

    Args:
        file: where they are from.
        key: the setting to blame.
        lines: with their ends.
        first_line: the number of the first of them.
        sep: between columns.
    """

    file: Path
    key: str
    lines: list[str]
    first_line: int
    sep: str

    def rows(self, quote: str | None) -> tuple[_Rows, list[str]]:
        """All rows, the header first, and a note where it had to be found out whether quotes are quoting."""
        if quote is not None:
            return self._cut(character(quote, QUOTES, beside(self.key, "quote"))), []
        if self.sep == "\t" and any('"' in line for line in self.lines):
            return self._between_tabs()
        escaped = self._escaped()
        rows = self._cut('"', or_else=escaped)
        if rows is escaped:
            return rows, [f"Quotes within fields of {self.file.name} stand behind backslashes, and are read as such."]
        swallowed = self._swallowed(rows)
        if swallowed is not None:
            self._refuse_swallowed(*swallowed)
        return rows, []

    def _escaped(self) -> _Rows | None:
        """All rows, where databases have put backslashes before quotes within fields; None where that does not fit."""
        if not any('\\"' in line for line in self.lines):
            return None
        doubled = [_ESCAPED.sub(lambda found: '""' if found[1] == '"' else found[1], line) for line in self.lines]
        sheet = dataclasses.replace(self, lines=doubled)
        try:
            rows = sheet._cut('"')
        except DataError:
            return None
        fits = len({len(fields) for fields in rows.fields if fields}) == 1 and sheet._swallowed(rows) is None
        return rows if fits else None

    def _between_tabs(self) -> tuple[_Rows, list[str]]:
        """Quotes are characters there, unless all of them are quoting, or the rows would not fit the header."""
        plain = self._cut("")
        if is_quoted("".join(self.lines), self.sep) or len({len(fields) for fields in plain.fields if fields}) > 1:
            quoted = self._cut('"', or_else=plain)
            if self._swallowed(quoted) is None:
                return quoted, []
        setting = beside(self.key, "quote")
        note = f"The quotes in {self.file.name} are read as characters, since not all of it is quoted ({setting})."
        return plain, [note]

    def _cut(self, quote: str, *, or_else: _Rows | None = None) -> _Rows:
        limit = csv.field_size_limit(_LONGEST_FIELD)
        reader = reader_of(self.lines, self.sep, quote, strict=True, spaced=self._is_spaced)
        rows, begins = [], [self.first_line]
        try:
            for fields in reader:
                rows.append(fields)
                begins.append(self.first_line + reader.line_num)
        except csv.Error as error:
            if or_else is not None:
                return or_else
            self._refuse_quotes(begins[-1], error)
        finally:
            csv.field_size_limit(limit)
        return _Rows(rows, begins)

    @property
    def _is_spaced(self) -> bool:
        """Whether the header has a space after each separator."""
        names = self.lines[0].split(self.sep)[1:] if self.lines else []
        return bool(names) and self.sep != "\t" and all(name.startswith(" ") for name in names)

    def _swallowed(self, rows: _Rows) -> tuple[int, int] | None:
        """The first and last line of the first row whose lines look like rows of their own."""
        for row, (begin, end) in enumerate(itertools.pairwise(rows.begins)):
            fields = rows.fields[row]
            if row and end - begin > 1 and any(self.sep in field and "\n" in field for field in fields):
                lines = self.lines[begin - self.first_line : end - self.first_line]
                if looks_like_rows(lines, self.sep, len(rows.fields[0]), spaced=self._is_spaced):
                    return begin, end - 1
        return None

    def columns(self, rows: _Rows) -> tuple[list[str], list[list[str]]]:
        """Names and values of each column, without the empty ones that separators at the ends of lines make."""
        header = [name.strip() for name in rows.fields[0]] if rows.fields else []
        self._check_header(header)
        records = [fields for fields in rows.fields[1:] if fields]
        if len(rows.fields) == 1:
            problem = f"{self.file} has a header and no rows"
            raise DataError(
                "data.empty_split", self.key, self.file.name, problem, next_step="give rows below the column names"
            )
        if {len(fields) for fields in records} == {len(header) + 1}:
            if not any(fields[-1] for fields in records):
                header = [*header, ""]
            elif [fields[0] for fields in records] == [str(number) for number in range(1, len(records) + 1)]:
                header = ["", *header]  # as R's write.table leaves out the name of its row numbers
        for begin, fields in zip(rows.begins[1:-1], rows.fields[1:], strict=True):
            if fields and len(fields) != len(header):
                self._refuse_ragged(begin, len(fields), len(header))
        values = zip(*(fields or [""] * len(header) for fields in rows.fields[1:]), strict=True)
        kept = [(name, list(column)) for name, column in zip(distinct(header), values, strict=True)]
        kept = [(name, column) for (name, column), given in zip(kept, header, strict=True) if given or any(column)]
        return [name for name, _ in kept], [column for _, column in kept]

    def _check_header(self, header: list[str]) -> None:
        if not any(header):
            problem = f"line {self.first_line} of {self.file} holds no column names"
            raise DataError("data.empty_split", self.key, self.file.name, problem)
        other = next((mark for mark in SEPARATORS.values() if mark != self.sep and mark in header[0]), None)
        if len(header) == 1 and other is not None:
            found, used, setting = _called(other), _called(self.sep), beside(self.key, "sep")
            problem = f"line 1 of {self.file} is one column if cut at the {used}, but holds a {found}: {header[0][:80]}"
            raise DataError("data.delimiter", setting, used, problem, next_step=f"{setting}={found}")

    def _refuse_ragged(self, line: int, num_fields: int, num_columns: int) -> NoReturn:
        problem = f"line {line} of {self.file} has {num_fields} fields where the header has {num_columns}"
        next_step = f"quote fields that hold the separator, or set {beside(self.key, 'sep')}"
        raise DataError("data.ragged", self.key, self.file.name, problem, next_step=next_step)

    def _refuse_quotes(self, line: int, error: csv.Error) -> NoReturn:
        reason = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
        problem = f"line {line} of {self.file} cannot be read: {reason}"
        setting = beside(self.key, "quote")
        next_step = f'double the quotes within a quoted field (""), or {setting}=none if quotes are characters'
        raise DataError("data.bad_table", self.key, self.file.name, problem, next_step=next_step) from error

    def _refuse_swallowed(self, first: int, last: int) -> NoReturn:
        problem = f"lines {first} to {last} of {self.file} are one row within quotes, but look like rows"
        setting = beside(self.key, "quote")
        next_step = f"{setting}=none if these quotes are characters, {setting}=double if they are quoting"
        raise DataError("data.swallowed_rows", self.key, self.file.name, problem, next_step=next_step)


def _without_more_header(rows: _Rows, notes: list[str], file: Path) -> tuple[_Rows, list[str]]:
    """Without the lines of questions and identifiers that Qualtrics writes below the names of columns."""
    for last, fields in enumerate(rows.fields[:3]):
        if fields and all(field.startswith(_IMPORT_ID) for field in fields):
            kept = _Rows([rows.fields[0], *rows.fields[last + 1 :]], [rows.begins[0], *rows.begins[last + 1 :]])
            note = f"Lines {rows.begins[1]} to {rows.begins[last + 1] - 1} of {file.name} are more header, as Qualtrics"
            return kept, [*notes, f"{note} writes it, and were left out."]
    return rows, notes


def _doubts_of_header(
    header: Sequence[str], counts: Sequence[int], num_rows: int, file: Path, setting: str
) -> list[str]:
    """A note where a name of a column is a value that fills a good part of the column: so a row's class is.

    Args:
        header: the names.
        counts: rows in which each column has its name for a value.
        num_rows: that are not empty.
        file: the table.
        setting: that gives names.
    """
    enough = max(_FEW, num_rows * _SHARE_OF_A_CLASS)
    for name, many in zip(header, counts, strict=False):
        if name.strip() and many >= enough:
            names = ",".join(f"column{number}" for number in range(1, len(header) + 1))
            return [
                f"{file.name} may have no header: {name[:40]!r}, in its first line, is also a value of that column in "
                f"{many:,} rows; then give the names of its columns, {setting}=[{names}]."
            ]
    return []


def _called(sep: str) -> str:
    return next((name for name, mark in SEPARATORS.items() if mark == sep), sep)
