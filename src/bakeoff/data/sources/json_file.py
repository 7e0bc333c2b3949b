"""JSON of rows: an object a line, or one list of objects. Other layouts are refused by their names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from bakeoff.data.hints import SPANS
from bakeoff.data.sources.table_format import ReadTable, distinct
from bakeoff.errors import DataError

_KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
_ROWS = '{"text": ..., "label": ...} a row: one a line, or all in one list'


def read_json(text: str, file: Path, *, key: str) -> ReadTable:
    """The rows of a file, blank lines skipped; each row's line, or its number in the list.

    A column keeps its type. One of several types becomes text, with a note; with lists or objects among its values it
    becomes what neither a text nor a label can be, so that it is refused where it is used.

    Raises:
        DataError: no JSON (with the line), a row that is no object, or a layout that is not by rows.
    """
    records, lines = _records(text, file, key)
    names = list(dict.fromkeys(name for record in records for name in record))
    if not names:
        raise DataError("data.empty_split", key, file.name, f"{file} has no rows")
    columns, notes = {}, []
    for name in names:
        values = [record.get(name) for record in records]
        kinds = _kinds(values, lines)
        columns[name] = _column(values, kinds)
        if len(kinds) > 1 and columns[name].type == pa.string():
            notes.append(f"Column {name} of {file.name} is read as text: it holds {', '.join(kinds)}.")
    return ReadTable(pa.table(columns), lines, tuple(notes))


def _records(text: str, file: Path, key: str) -> tuple[list[dict[str, Any]], list[int]]:
    in_list = text.lstrip().startswith("[")
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if in_list:
        found = _loaded(text, 1, file, key)
        lines = list(range(1, len(found) + 1))
        _refuse_tasks(found, file, key)
    elif numbered and (len(numbered) == 1 or not _is_json(numbered[0][1])) and _is_json(text):
        found, lines = [_loaded(text, 1, file, key)], [numbered[0][0]]
        _refuse_layout(found[0], file, key)
    else:
        found = [_loaded(line, number, file, key) for number, line in numbered]
        lines = [number for number, _ in numbered]
    for place, record in zip(lines, found, strict=True):
        if not isinstance(record, dict):
            layout = " (a list of lists is pandas' orient=values)" if isinstance(record, list) else ""
            problem = f"entry {place} of the list in {file}" if in_list else f"line {place} of {file}"
            raise DataError("data.bad_table", key, file.name, f"{problem} is no object{layout}", allowed=_ROWS)
    return found, lines


def _loaded(text: str, first_line: int, file: Path, key: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        problem = f"line {line} of {file} is no JSON ({error.msg})"
        raise DataError("data.bad_table", key, file.name, problem, next_step="repair that line") from error
    except RecursionError as error:
        problem = f"line {first_line} of {file} is nested too deep"
        raise DataError("data.bad_table", key, file.name, problem, allowed=_ROWS) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    return dict(zip(distinct([name for name, _ in pairs]), [value for _, value in pairs], strict=True))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _refuse_layout(found: Any, file: Path, key: str) -> None:
    layout = _layout(found) if isinstance(found, dict) else None
    if layout is not None:
        next_step = 'with pandas: table.to_json("rows.jsonl", orient="records", lines=True)'
        raise DataError("data.json_layout", key, file.name, f"{file} is {layout}", allowed=_ROWS, next_step=next_step)


def _layout(found: dict[str, Any]) -> str | None:
    """What one object is that holds a whole table; None of a single row."""
    values = list(found.values())
    if {"columns", "data"} <= set(found):
        return "one object of column names and rows (pandas' orient=split)"
    lists = [
        name for name, value in found.items() if isinstance(value, list) and any(isinstance(v, dict) for v in value)
    ]
    if lists:
        return f"one object that holds the rows under its key {lists[0]!r}"
    if values and all(isinstance(value, list) for value in values):
        return "one object of columns, a list each (pandas' to_dict of lists)"
    if values and all(isinstance(value, dict) for value in values):
        by_column = len(values) <= max(map(len, values))
        return (
            f"one object of {'columns' if by_column else 'rows'} (pandas' orient={'columns' if by_column else 'index'})"
        )
    return None


def _are_spans(value: Any) -> bool:
    """Whether it is a list of named pieces of a text, or nothing."""
    pieces = value if isinstance(value, list) else [None] if value else []
    return all(isinstance(piece, list) and [type(part) for part in piece] == [int, int, str] for piece in pieces)


def _refuse_tasks(records: list[Any], file: Path, key: str) -> None:
    """Label Studio's export of tasks, whose labels lie deep in lists of lists."""
    first = records[0] if records else None
    if isinstance(first, dict) and isinstance(first.get("data"), dict) and {"annotations", "completions"} & set(first):
        next_step = "export it there as JSON-MIN or CSV, which have a row a task"
        problem = f"{file} is Label Studio's JSON export"
        raise DataError("data.json_layout", key, file.name, problem, allowed=_ROWS, next_step=next_step)


def _kinds(values: list[Any], lines: list[int]) -> dict[str, type]:
    """The kinds of values in a column, each with the line that shows it first."""
    first: dict[str, tuple[int, type]] = {}
    for line, value in zip(lines, values, strict=True):
        if value is not None:
            first.setdefault(_KINDS[type(value)], (line, type(value)))
    return {f"{kind} in row {line:,}": of_type for kind, (line, of_type) in first.items()}


def _column(values: list[Any], kinds: dict[str, type]) -> pa.Array:
    if len(kinds) <= 1:
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError):  # lists of several types, or numbers of more than 64 bits
            pass
    texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    if {list, dict} & set(kinds.values()):
        field = SPANS if all(map(_are_spans, values)) else ", ".join(kinds)
        return pa.StructArray.from_arrays([pa.array(texts, pa.string())], [field])
    return pa.array(texts, pa.string())
