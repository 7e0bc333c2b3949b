"""Which column holds what, and what the classes are called.

Labels may be the hub's ``ClassLabel``, strings, whole numbers or booleans. They leave here as class names, one a row;
their numbers are given later, from the train rows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from datasets import ClassLabel, Dataset, Features, Image, List, Value

from bakeoff.data import hints
from bakeoff.errors import DataError

_COMMON_NAMES = {
    "image": ("image", "img", "picture", "pixels"),
    "label": ("label", "labels", "class", "target", "category", "sentiment"),
    "objects": ("objects", "annotations", "instances", "boxes"),
    "box": ("bbox", "box", "boxes", "bboxes"),
    "category": ("category", "categories", "category_id", "label", "labels", "class", "classes"),
    "caption": ("caption", "captions", "text", "description", "sentence", "sentences"),
    "mask": ("mask", "masks", "segmentation", "annotation"),
    "audio": ("audio", "recording", "wav", "audio_filepath", "audio_path", "path", "file_name", "file"),
    "transcript": ("transcript", "transcription", "text", "sentence", "normalized_text", "raw_transcription"),
    "text": ("text", "sentence", "content", "document", "review", "body", "comment", "message", "tweet"),
    "source": ("source", "src"),
    "target": ("target", "tgt"),
    "user": ("user", "userid", "user_id", "customer", "customer_id", "session", "session_id", "reviewerid"),
    "item": ("item", "itemid", "item_id", "movieid", "movie_id", "product", "product_id", "asin"),
    "time": ("time", "timestamp", "datetime", "date", "unixreviewtime"),
    "rating": ("rating", "stars", "score", "overall"),
    "title": ("title", "name"),
}
_TWIN = r"\[column \d+\]"  # as `bakeoff.data.sources.table_format.distinct` calls them
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def label_column(rows: Dataset, wanted: str | None) -> str:
    """The column that holds the labels: the one named, else the only ``ClassLabel``, else one called "label".

    Raises:
        DataError: no such column, or several that could be meant.
    """
    found = [name for name, feature in rows.features.items() if isinstance(feature, ClassLabel)]
    return choose_column("label", wanted, found, rows.features, rows=rows)


def raw_labels(dataset: Dataset, column: str) -> list[str | None]:
    """Each row's label as it is written; None where there is none.

    Raises:
        DataError: the column holds no single values.
    """
    feature, values = dataset.features[column], _values(dataset, column)
    if isinstance(feature, ClassLabel):
        return [None if value in (None, -1) else feature.int2str(value) for value in values]
    if not isinstance(feature, Value):
        _refuse_type(column, str(feature))
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values]
    return [None if text is None or text != text else str(text) for text in texts]  # NaN is unlike itself


def class_order(dataset: Dataset, column: str, present: Iterable[str]) -> tuple[str, ...]:
    """The classes in the order that numbers them: the ``ClassLabel``'s own, else sorted (numbers as numbers)."""
    feature, present = dataset.features[column], set(present)
    inner = feature.feature if isinstance(feature, List) else feature
    if isinstance(inner, ClassLabel):
        return tuple(name for name in inner.names if name in present)
    if are_whole(present):
        return tuple(sorted(present, key=lambda name: (int(name), name)))
    return tuple(sorted(present))


def are_whole(names: Iterable[str]) -> bool:
    """Whether there are names, and all are whole numbers."""
    names = list(names)
    return bool(names) and all(_WHOLE.fullmatch(name) for name in names)


def refuse_quantities(column: str, names: Sequence[str | None]) -> None:
    """Quantities are no classes: numbers are, where all are whole.

    Raises:
        DataError: all are numbers, and some have a point or an exponent.
    """
    seen = sorted({name for name in names if name is not None})
    if are_whole(seen) or not all(_NUMBER.fullmatch(name) for name in seen):
        return
    shown = [name for name in seen if not _WHOLE.fullmatch(name)][:3]
    problem = f"classes must be names or whole numbers, these are floats ({', '.join(shown)}, ...)"
    next_step = "data.columns.label_kind=name if they name classes; a quantity to predict is a regression, which this "
    next_step += "task is not"
    raise DataError("data.float_labels", "data.columns.label", column, problem, next_step=next_step)


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
    kind: str,
    wanted: str | None,
    found: list[str],
    features: Features,
    *,
    key: str | None = None,
    rows: Dataset | None = None,
) -> str:
    """The column named; else the only one found to be of the kind; else the first that has one of its usual names.

    ``key`` is the setting to blame, ``data.columns.<kind>`` if None; ``rows`` are what advice is drawn from.

    Raises:
        DataError: no such column, or several that could be meant.
    """
    if wanted is not None:
        return wanted if wanted in features else _refuse_missing(kind, wanted, features, key=key)
    if len(found) == 1:
        return found[0]
    candidates = found or list(features)
    for usual in _COMMON_NAMES[kind]:
        alike = [name for name in candidates if name.lower() == usual]
        if len(alike) == 1:
            return alike[0]
    return _refuse_missing(kind, None, features, key=key, rows=rows)


def has_usual_names(names: Iterable[str], kinds: Iterable[str]) -> bool:
    """Whether each kind of column is there under one of its usual names."""
    lower = {name.lower() for name in names}
    return all(lower.intersection(_COMMON_NAMES[kind]) for kind in kinds)


def _refuse_missing(
    kind: str, wanted: str | None, features: Features, *, key: str | None = None, rows: Dataset | None = None
) -> NoReturn:
    shown = [f"{name} ({_kind_of(feature)})" for name, feature in features.items() if not name.startswith("__")]
    key = key or f"data.columns.{kind}"
    problem = f"no column of that name holds the {kind}" if wanted else f"cannot tell which column holds the {kind}"
    near = difflib.get_close_matches(str(wanted), [name for name in features if not name.startswith("__")], n=1)
    likely = (hints.likely_classes if kind == "label" else hints.likely_texts)(rows) if rows is not None else []
    next_step = f"{key}={near[0]}" if near else hints.advice(key, likely)
    twins = [name for name in features if re.fullmatch(rf"{re.escape(wanted or _COMMON_NAMES[kind][0])} {_TWIN}", name)]
    if twins:
        problem = f"{len(twins)} columns have that name: none of them is meant"
        next_step = f"""rename them, or name one: '{key}="{twins[0]}"'"""
    elif wanted and not near:
        next_step += ", of those in the table's header"
    written = {name: feature for name, feature in features.items() if not name.startswith("__")}
    told = [name for name, feature in written.items() if not isinstance(feature, Image)]
    is_bare_folder = len(told) <= 1 and len(told) < len(written)
    if wanted and key.startswith("data.split.") and not near and is_bare_folder:
        columns = ", ".join(["file_name", *told, wanted])
        next_step = f"put a metadata.csv with the columns {columns} beside the images"
    if kind in ("label", "target") and len(shown) == 1:
        next_step = f"add a column that holds the {kind}"
    if any(name.endswith(hints.SPANS) for name in features):
        next_step = "named entities are no task here: one label, or a list of labels, a text"
    has_no_header = rows is not None and hints.begins_with_row(rows)
    if has_no_header:
        next_step = hints.advice(key, [])
    if has_no_header or any(_NUMBER.fullmatch(name) for name in features):
        next_step += "; where line 1 is a row already, name the columns, data.header=[NAME,NAME]"
    raise DataError("data.missing_column", key, wanted or "null", problem, allowed=shown, next_step=next_step)


def _refuse_type(column: str, found: str) -> NoReturn:
    allowed = "one class a row: text, whole numbers, booleans or the hub's ClassLabel"
    raise DataError("data.label_type", "data.columns.label", column, f"holds {found}", allowed=allowed)


def _kind_of(feature: object) -> str:
    return feature.dtype if isinstance(feature, Value) else type(feature).__name__
