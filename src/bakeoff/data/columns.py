"""Which column holds what, and what the classes are called.

Labels may be the hub's ``ClassLabel``, strings, whole numbers or booleans. They leave here as class names, one a row;
their numbers are given later, from the train rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import pyarrow as pa
from datasets import ClassLabel, Dataset, Features, Value

from bakeoff.errors import DataError

_COMMON_NAMES = {
    "image": ("image", "img", "picture", "pixels"),
    "label": ("label", "labels", "class", "target"),
    "text": ("text", "sentence", "content", "document", "review", "body"),
    "source": ("source", "src"),
    "target": ("target", "tgt"),
}


def label_column(features: Features, wanted: str | None) -> str:
    """The column that holds the labels: the one named, else the only ``ClassLabel``, else one called "label".

    Raises:
        DataError: no such column, or several that could be meant.
    """
    found = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    return choose_column("label", wanted, found, features)


def class_names_by_row(dataset: Dataset, column: str, *, examples: Sequence[str]) -> list[str]:
    """Each row's class, by name.

    Raises:
        DataError: float labels, missing labels, or labels that are no single value.
    """
    feature = dataset.features[column]
    values = _values(dataset, column)
    if isinstance(feature, ClassLabel):
        values = [None if value in (None, -1) else value for value in values]
    elif not isinstance(feature, Value):
        _refuse_type(column, str(feature))
    elif pa.types.is_floating(feature.pa_type):
        refuse_floats(column, values)
    missing = [index for index, value in enumerate(values) if value is None or value == ""]
    if missing:
        shown = ", ".join(examples[index] for index in missing[:3])
        problem = f"{len(missing):,} of {len(values):,} rows have no label (first: {shown})"
        raise DataError("data.missing_label", "data.columns.label", column, problem, next_step="label or remove them")
    return feature.int2str(values) if isinstance(feature, ClassLabel) else [str(value) for value in values]


def class_order(dataset: Dataset, column: str, present: Iterable[str]) -> tuple[str, ...]:
    """The classes in the order that numbers them: the ``ClassLabel``'s own, else sorted (numbers as numbers)."""
    feature, present = dataset.features[column], set(present)
    if isinstance(feature, ClassLabel):
        return tuple(name for name in feature.names if name in present)
    if pa.types.is_integer(feature.pa_type):
        return tuple(sorted(present, key=int))
    return tuple(sorted(present))


def column_values(dataset: Dataset, column: str, *, kind: str, key: str) -> list[Any]:
    """Each row's value of a column; ``kind`` says what it holds and ``key`` which setting names it.

    Raises:
        DataError: there is no such column.
    """
    if column not in dataset.column_names:
        _refuse_missing(kind, column, dataset.features, key=key)
    return _values(dataset, column)


def _values(dataset: Dataset, column: str) -> list[Any]:
    return dataset.select_columns([column])[:][column]


def choose_column(
    kind: str, wanted: str | None, found: list[str], features: Features, *, key: str | None = None
) -> str:
    """The column named; else the only one found to be of the kind; else the first that has one of its usual names.

    ``key`` is the setting to blame, ``data.columns.<kind>`` if None.

    Raises:
        DataError: no such column, or several that could be meant.
    """
    if wanted is not None:
        return wanted if wanted in features else _refuse_missing(kind, wanted, features, key=key)
    if len(found) == 1:
        return found[0]
    candidates = found or list(features)
    for name in _COMMON_NAMES[kind]:
        if name in candidates:
            return name
    return _refuse_missing(kind, None, features, key=key)


def _refuse_missing(kind: str, wanted: str | None, features: Features, *, key: str | None = None) -> NoReturn:
    shown = [f"{name} ({_kind_of(feature)})" for name, feature in features.items() if not name.startswith("__")]
    key = key or f"data.columns.{kind}"
    problem = f"no column of that name holds the {kind}" if wanted else f"cannot tell which column holds the {kind}"
    near = difflib.get_close_matches(str(wanted), [name for name in features if not name.startswith("__")], n=1)
    next_step = f"{key}={near[0]}" if near else f"name it: {key}=COLUMN"
    if wanted and not near:
        next_step += ", of those in the table's header"
    if kind in ("label", "target") and len(shown) == 1:
        next_step = f"add a column that holds the {kind}"
    raise DataError("data.missing_column", key, wanted or "null", problem, allowed=shown, next_step=next_step)


def refuse_floats(column: str, values: Sequence[float | None]) -> NoReturn:
    """Quantities are no classes.

    Raises:
        DataError: always.
    """
    seen = sorted({value for value in values if value is not None})[:3]
    problem = f"classes must be names or whole numbers, these are floats ({', '.join(map(str, seen))}, ...)"
    next_step = "store classes as text or integers; a quantity to predict is a regression, which this task is not"
    raise DataError("data.float_labels", "data.columns.label", column, problem, next_step=next_step)


def _refuse_type(column: str, found: str) -> NoReturn:
    allowed = "one class a row: text, whole numbers, booleans or the hub's ClassLabel"
    raise DataError("data.label_type", "data.columns.label", column, f"holds {found}", allowed=allowed)


def _kind_of(feature: object) -> str:
    return feature.dtype if isinstance(feature, Value) else type(feature).__name__
