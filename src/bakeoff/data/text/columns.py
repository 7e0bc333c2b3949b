"""Which columns hold texts and labels; null finds the one column of the right kind or of a usual name."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Sequence
from typing import NoReturn

import pyarrow as pa
from datasets import ClassLabel, Dataset, List, Value

from bakeoff.data import columns as naming
from bakeoff.data.hints import NO_VALUE
from bakeoff.data.labels import LabelKind
from bakeoff.data.table import SourceRows
from bakeoff.errors import DataError

_TEXT_TYPES = {"string", "large_string", "string_view", "null"}
_UNNAMED = ("__", "Unnamed: ")
_FIRST_ROWS = 1000
_TRUTHS = {"1": True, "true": True, "0": False, "false": False, "": False, "none": False, "nan": False}


@dataclasses.dataclass(frozen=True)
class LabelledColumns:
    """Of texts with labels.

    Args:
        text: the column of texts.
        label: the column of labels; of several columns of 0 and 1, each is a label that a text may have.
        label_separator: what stands between the labels of a text that may have several, such as "|"; null: one a text,
            unless the column holds lists.
        label_kind: what labels are that look like quantities or like missing values, see `LabelKind`.
    """

    text: str | None = None
    label: str | Sequence[str] | None = None
    label_separator: str | None = None
    label_kind: LabelKind | None = None


@dataclasses.dataclass(frozen=True)
class DocumentColumns:
    """Of plain text.

    Args:
        text: the column of documents.
    """

    text: str | None = None


@dataclasses.dataclass(frozen=True)
class PairColumns:
    """Of texts and their translations.

    Args:
        source: the column to translate from; a field of a struct is ``translation.en``.
        target: the column to translate to.
    """

    source: str | None = None
    target: str | None = None


def text_column(dataset: Dataset, role: str, wanted: str | None, *, key: str | None = None) -> str:
    """The column that holds the texts: the one named, else the only one of strings, else one of a usual name.

    ``key`` is the setting to blame, ``data.columns.<role>`` if None.

    Raises:
        DataError: no such column, several that could be meant, or one that holds no text.
    """
    found = [name for name, feature in dataset.features.items() if _is_text(feature) and not name.startswith(_UNNAMED)]
    if wanted is None and len(found) > 1:
        first_rows = dataset.select_columns(found)[:_FIRST_ROWS]
        found = [name for name in found if _hold_letters(first_rows[name])] or found
    key = key or f"data.columns.{role}"
    column = naming.choose_column(role, wanted, found, dataset.features, key=key, rows=dataset)
    if not _is_text(dataset.features[column]):
        problem = f"holds {dataset.features[column]}, no text"
        raise DataError("data.text_type", key, column, problem, allowed=found)
    return column


def refuse_same_column(first: str, second: str, column: str) -> NoReturn:
    """A column can't be both what is given and what is asked for.

    Raises:
        DataError: always.
    """
    problem = f"is the {second} column too: the target would be among the features"
    next_step = f"name two different columns, data.columns.{first} and data.columns.{second}"
    raise DataError("data.target_in_features", f"data.columns.{first}", column, problem, next_step=next_step)


def read_texts(dataset: Dataset, column: str) -> list[str]:
    """Every row's text; missing ones are empty, lone surrogates become question marks."""
    values = dataset.select_columns([column])[:][column]
    return ["" if value is None else str(value).encode("utf-8", "replace").decode() for value in values]


def is_blank(text: str) -> bool:
    """Whether there is no text: white space alone, or what databases write instead of none."""
    return text.strip() in NO_VALUE


def joined_labels(dataset: Dataset, columns: Sequence[str]) -> Dataset:
    """The columns of 0 and 1 as one column of the names of those that hold 1, called by all of their names.

    Raises:
        DataError: there is no such column, or one holds something else.
    """
    labels: list[list[str]] = [[] for _ in range(len(dataset))]
    for column in columns:
        values = naming.column_values(dataset, column, kind="label", key="data.columns.label")
        for row, value in enumerate(values):
            said = str(value).strip().lower().removesuffix(".0")
            if said not in _TRUTHS:
                problem = f"one of several columns of labels, holds {value!r}"
                allowed = "0 and 1, true and false"
                raise DataError("data.label_type", "data.columns.label", column, problem, allowed=allowed)
            labels[row] += [column] if _TRUTHS[said] else []
    return dataset.remove_columns(list(columns)).add_column(", ".join(columns), labels)


def read_label_sets(dataset: Dataset, column: str, separator: str | None) -> list[list[str]]:
    """Every row's labels, by name; a row may have none.

    Raises:
        DataError: the column holds neither lists nor text to be cut at the separator.
    """
    feature, values = dataset.features[column], dataset.select_columns([column])[:][column]
    if isinstance(feature, List) and isinstance(feature.feature, Value | ClassLabel):
        name_of = feature.feature.int2str if isinstance(feature.feature, ClassLabel) else str
        return [[name_of(item).strip() for item in value or () if item is not None] for value in values]
    if not _is_text(feature) or not separator:
        allowed = "lists of labels, or text with data.columns.label_separator between labels"
        raise DataError("data.label_type", "data.columns.label", column, f"holds {feature}", allowed=allowed)
    return [[part.strip() for part in (value or "").split(separator) if part.strip()] for value in values]


def with_written_lists(rows: SourceRows, column: str) -> SourceRows:
    """Labels that are written as lists, ``["a", "b"]``, ``['a', 'b']`` or ``{"choices": ["a", "b"]}``, as lists.

    A cell without brackets is one label, an empty one none. So they stay where a cell in brackets is no such list.
    """
    if not _is_text(rows.train.features.get(column)):
        return rows
    lists = {}
    for part, dataset in rows.datasets.items():
        cells = [(value or "").strip() for value in dataset.select_columns([column])[:][column]]
        found = [_written_list(cell) if cell[:1] in ("[", "{") else [cell] * bool(cell) for cell in cells]
        lists[part] = [names for names in found if names is not None]
        if len(lists[part]) < len(found) or not any(cell[:1] in ("[", "{") for cell in cells):
            return rows
    datasets = {
        part: dataset.remove_columns([column]).add_column(column, pa.array(lists[part], pa.list_(pa.string())))
        for part, dataset in rows.datasets.items()
    }
    note = f"Labels in column {column} are written as lists, and read as such."
    return dataclasses.replace(rows, datasets=datasets, notes=(*rows.notes, note))


def _written_list(cell: str) -> list[str] | None:
    try:
        found = json.loads(cell)
    except ValueError:
        try:
            found = ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    found = found.get("choices") if isinstance(found, dict) else found
    return found if isinstance(found, list) and all(isinstance(name, str) for name in found) else None


def holds_lists(dataset: Dataset, column: str) -> bool:
    """Whether each row has a list in this column."""
    return isinstance(dataset.features[column], List)


def _hold_letters(texts: list[str | None]) -> bool:
    """Unlike the numbers, prices and dates of a CSV file."""
    return any(character.isalpha() for text in texts for character in text or "" if not is_blank(text or ""))


def _is_text(feature: object) -> bool:
    return isinstance(feature, Value) and feature.dtype in _TEXT_TYPES
