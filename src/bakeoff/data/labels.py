"""Labels by number: the classes that train holds, and refusals of labels that nothing can be learnt from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.splits.splitting import Parted, Rows
from bakeoff.data.table import Table
from bakeoff.errors import DataError


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
