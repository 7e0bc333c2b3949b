"""Labels of rows, by name and then by number, and refusals of labels that nothing can be learnt from."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bakeoff.data import columns as naming
from bakeoff.data.splits.splitting import Parted, Rows
from bakeoff.data.table import SourceRows, Table
from bakeoff.errors import DataError

LabelKind: TypeAlias = Literal["name"]
"""``name``: whatever is written is the name of a class, also numbers with a point, ``NULL`` and ``nan``."""
OnMissing: TypeAlias = Literal["error", "drop"]
OnRare: TypeAlias = Literal["error", "drop", "other"]

OTHER = "other"
_MISSING = frozenset({"\\N", "NULL", "NaN", "nan", "<NA>", "#N/A"})
"""What databases, pandas and Excel write where there is no value."""
_NO_NUMBER = frozenset({"NA", "N/A", "na", "n/a", "None", "none", "null", "-", "?"})
"""What else stands for no value where all others are whole numbers; among names these may be names."""
_MOST_NAMED = 5


def one_label(
    rows: SourceRows, column: str, *, kind: LabelKind | None, on_missing: OnMissing
) -> tuple[SourceRows, list[list[str]]]:
    """The rows that have a label, and the label of each, without spaces around it.

    Raises:
        DataError: rows without one where ``on_missing`` is ``error``, quantities, or labels that are no single value.
    """
    written = {part: naming.raw_labels(dataset, column) for part, dataset in rows.datasets.items()}
    names = {part: [_cleaned(label, kind) for label in labels] for part, labels in written.items()}
    others = {name for labels in names.values() for name in labels if name is not None} - _NO_NUMBER
    if kind is None and naming.are_whole(others):
        names = {part: [None if name in _NO_NUMBER else name for name in labels] for part, labels in names.items()}
    every = [name for labels in names.values() for name in labels]
    missing = {part: [row for row, name in enumerate(labels) if name is None] for part, labels in names.items()}
    num_missing = sum(map(len, missing.values()))
    if num_missing and on_missing == "error":
        _refuse_missing(rows, column, written, missing)
    if kind is None:
        naming.refuse_quantities(column, every)
    notes = _notes_on_writing([label for labels in written.values() for label in labels], every)
    if num_missing:
        notes.append(f"{num_missing:,} rows without a label were dropped (data.on_missing).")
        kept = {part: [row for row, name in enumerate(labels) if name is not None] for part, labels in names.items()}
        rows = rows.selected(kept, key="data.columns.label", column=column, what="a label")
    return dataclasses.replace(rows, notes=(*rows.notes, *notes)), [[name] for name in every if name is not None]


def without_rare(table: Table, parted: Parted, on_rare: OnRare) -> tuple[Table, Parted, list[str]]:
    """Classes of a single row left out, or put into one class, and a note that says so."""
    if table.labels is None or on_rare == "error":
        return table, parted, []
    rows = np.concatenate([parted.train, parted.val, parted.test]).tolist()
    counts = Counter(name for row in rows for name in set(table.labels[row]))
    rare = {name for name, count in counts.items() if count == 1}
    if not rare:
        return table, parted, []
    said = f"{_few(rare, 'classes')} with a single row"
    if on_rare == "other":
        labels = [list(dict.fromkeys(OTHER if name in rare else name for name in names)) for names in table.labels]
        order = (*(name for name in table.label_order if name not in {*rare, OTHER}), OTHER)
        note = f"{said} were put into the class {OTHER} (data.on_rare)."
        return dataclasses.replace(table, labels=labels, label_order=order), parted, [note]
    notes = [f"{said} were dropped (data.on_rare)."]
    if table.multi_label:
        labels = [[name for name in names if name not in rare] for names in table.labels]
        return dataclasses.replace(table, labels=labels), parted, notes
    lost = np.array([row for row in rows if table.labels[row][0] in rare], dtype=np.int64)
    left = Parted(*(np.setdiff1d(part, lost) for part in (parted.train, parted.val, parted.test)))
    return table, left, notes


def contradicting_rows(labels: list[list[str]], digests: Sequence[bytes], rows: Rows) -> Rows:
    """All of these rows whose content stands among them with different labels: none of them is known to be right."""
    seen = defaultdict(set)
    for row in rows.tolist():
        seen[digests[row]].add(frozenset(labels[row]))
    return np.array([row for row in rows.tolist() if len(seen[digests[row]]) > 1], dtype=np.int64)


def number_labels(table: Table, parted: Parted, *, noun: str) -> tuple[tuple[str, ...], NDArray[Any]]:
    """The classes that train holds, and each row's label or labels by number.

    Returns:
        The names, and int64 ``(N,)`` (-1 where train lacks the class), uint8 ``(N, K)`` where a row may have several,
        or an empty array where there are none to learn.

    Raises:
        DataError: one class only, or labels of the other splits that train lacks.
    """
    if table.labels is None:
        return (), np.empty(0, dtype=np.int64)
    present = {name for row in parted.train for name in table.labels[row]}
    class_names = tuple(name for name in table.label_order if name in present)
    if len(class_names) < 2:
        problem = f"train holds one class only ({', '.join(class_names) or 'none'}); there is nothing to tell apart"
        next_step = f"check the label column, or add {noun}s of a second class"
        raise DataError("data.one_class", "data.columns.label", table.column_of["label"], problem, next_step=next_step)
    _refuse_unseen(table, table.labels, present, parted)
    number = {name: index for index, name in enumerate(class_names)}
    if not table.multi_label:
        return class_names, np.array([number.get(names[0], -1) for names in table.labels], dtype=np.int64)
    labels_NK = np.zeros((len(table.labels), len(class_names)), dtype=np.uint8)
    for row, names in enumerate(table.labels):
        labels_NK[row, [number[name] for name in names if name in number]] = 1
    return class_names, labels_NK


def refuse_other_classes(own: Sequence[str], trained: Sequence[str], *, name: str) -> None:
    """Nothing, if data has the classes that a run was trained on.

    Raises:
        DataError: it has others.
    """
    if tuple(trained) != tuple(own):
        problem, allowed = f"its classes are {', '.join(own[:5])}", ", ".join(trained[:20])
        raise DataError("data.other_classes", "data", name, problem, allowed=allowed)


def _refuse_unseen(table: Table, labels: list[list[str]], present: set[str], parted: Parted) -> None:
    for part, rows in (("val", parted.val), ("test", parted.test)):
        unseen = [row for row in rows.tolist() if not set(labels[row]) <= present]
        if unseen:
            names = sorted({name for row in unseen for name in labels[row]} - present)
            first = table.examples[unseen[0]]
            problem = f"{len(unseen):,} rows of the {part} split ({first}) have labels unseen in train"
            next_step = "add such rows to train, or remove them"
            value = ", ".join(names[:5])
            raise DataError("data.unseen_label", "data.columns.label", value, problem, next_step=next_step)


def _cleaned(label: str | None, kind: LabelKind | None) -> str | None:
    name = "" if label is None else label.strip()
    return None if not name or (kind is None and name in _MISSING) else name


def _refuse_missing(
    rows: SourceRows, column: str, written: dict[str, list[str | None]], missing: dict[str, list[int]]
) -> None:
    first = [rows.examples[part][row] for part, numbers in missing.items() for row in numbers[:3]]
    marks = sorted({(written[part][row] or "").strip() for part, numbers in missing.items() for row in numbers} - {""})
    num_missing, num_rows = sum(map(len, missing.values())), sum(map(len, written.values()))
    problem = f"{num_missing:,} of {num_rows:,} rows have no label (first: {', '.join(first[:3])})"
    next_step = "label them, or leave them out with data.on_missing=drop"
    if marks:
        problem += f", where {', '.join(marks)} stands for none"
        next_step += f"; data.columns.label_kind=name makes {marks[0]} a class"
    raise DataError("data.missing_label", "data.columns.label", column, problem, next_step=next_step)


def _notes_on_writing(written: Sequence[str | None], names: Sequence[str | None]) -> list[str]:
    """Spaces that were taken away from labels, and labels that look alike and are not."""
    num_spaced = sum(name is not None and name != label for label, name in zip(written, names, strict=True))
    notes = [f"{num_spaced:,} labels had spaces around them, which were taken away."] if num_spaced else []
    alike = defaultdict(set)
    for name in {name for name in names if name is not None}:
        alike[" ".join(unicodedata.normalize("NFKC", name).casefold().split())].add(name)
    twins = sorted(name for same in alike.values() if len(same) > 1 for name in same)
    if twins:
        notes.append(f"{_few(twins, 'classes')} differ in case, spaces or form of letters only; each is its own.")
    return notes


def _few(names: Iterable[str], noun: str) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _MOST_NAMED:,} more" if len(shown) > _MOST_NAMED else ""
    return f"{len(shown):,} {noun} ({', '.join(shown[:_MOST_NAMED])}{more})"
