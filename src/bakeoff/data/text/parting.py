"""From a table of texts to splits without leaks: copies and conflicts settled, labels numbered, test rows fixed."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.duplicates import OnDuplicate, find_leaks, settle_leaks
from bakeoff.data.splits.drawing import Rows, SplitRule, carve_test, require_two_rows_a_class
from bakeoff.data.text.table import TextTable
from bakeoff.errors import DataError


@dataclasses.dataclass(frozen=True)
class Parted:
    """Row numbers of each split, and the labels by number.

    ``labels`` is int64 ``(N,)`` (-1 where train lacks the class), uint8 ``(N, K)`` where a text may have several, or
    empty. ``strata`` is the class of each row for stratified splits, 0 in all where there is no single class.
    """

    labels: NDArray[Any]
    strata: Rows
    pool: Rows
    val: Rows
    test: Rows
    class_names: tuple[str, ...]
    leaked_rows: int
    notes: list[str]


def text_digest(text: str) -> bytes:
    """Equal for texts that differ in upper and lower case or in white space only."""
    return hashlib.blake2b(" ".join(text.casefold().split()).encode(), digest_size=16).digest()


def part_rows(
    table: TextTable, digests: Sequence[bytes], split: SplitRule, *, dedup: OnDuplicate, allow_leak: bool
) -> Parted:
    """Drop conflicting and duplicate rows, number the labels and fix the test split.

    Raises:
        DataError: copies on both sides of a split, one class only, labels unseen in train, classes of one row.
    """
    pool, val, test = (np.flatnonzero(table.parts == part) for part in ("train", "val", "test"))
    notes = []
    if dedup == "drop" and table.labels is not None:
        conflicting = _conflicts(table.labels, digests, pool)
        if len(conflicting):
            num_texts = len({digests[row] for row in conflicting})
            notes.append(f"{len(conflicting):,} rows of {num_texts:,} texts with contradicting labels were dropped.")
        pool = np.setdiff1d(pool, conflicting)
    leaks = find_leaks(digests, pool=pool, val=val, test=test)
    dropped, leaked_rows, note = settle_leaks(
        leaks, dedup=dedup, allow_leak=allow_leak, examples=table.examples, noun="texts"
    )
    pool, val = np.setdiff1d(pool, dropped), np.setdiff1d(val, dropped)
    notes += [note] if note else []
    given = {"val": val, "test": test}
    _require_rows({"train": pool} | {part: rows for part, rows in given.items() if part in table.parts})
    class_names, labels = _number(table, pool=pool, val=val, test=test)
    one_label = table.labels is not None and not table.multi_label
    strata = labels if one_label else np.zeros(len(table.parts), dtype=np.int64)
    if one_label and table.groups is None and not (len(val) and len(test)):
        require_two_rows_a_class([class_names[index] for index in labels[pool]])
    if not len(test):
        test = carve_test(pool, split, classes=strata, groups=table.groups)
        pool = np.setdiff1d(pool, test)
    return Parted(labels, strata, pool, val, test, class_names, leaked_rows, notes)


def _conflicts(labels: list[list[str]], digests: Sequence[bytes], pool: Rows) -> Rows:
    """All rows whose text stands in the pool with different labels: none of them is known to be right."""
    seen = defaultdict(set)
    for row in pool.tolist():
        seen[digests[row]].add(frozenset(labels[row]))
    return np.array([row for row in pool.tolist() if len(seen[digests[row]]) > 1], dtype=np.int64)


def _require_rows(parts: dict[str, Rows]) -> None:
    for part, rows in parts.items():
        if not len(rows):
            problem = f"the {part} split has no rows once copies and contradictions are dropped"
            raise DataError("data.empty_split", "data.dedup", "drop", problem, next_step="give more rows")


def _number(table: TextTable, *, pool: Rows, val: Rows, test: Rows) -> tuple[tuple[str, ...], NDArray[Any]]:
    """The classes that train holds, and each row's label or labels by number."""
    if table.labels is None:
        return (), np.empty(0, dtype=np.int64)
    present = {name for row in pool for name in table.labels[row]}
    class_names = tuple(name for name in table.label_order if name in present)
    if len(class_names) < 2:
        problem = f"train holds one class only ({', '.join(class_names) or 'none'}); there is nothing to tell apart"
        next_step = "check the label column, or add texts of a second class"
        raise DataError("data.one_class", "data.columns.label", table.column_of["label"], problem, next_step=next_step)
    _refuse_unseen(table, present, val=val, test=test)
    number = {name: index for index, name in enumerate(class_names)}
    if not table.multi_label:
        numbers = [number.get(names[0], -1) for names in table.labels]
        return class_names, np.array(numbers, dtype=np.int64)
    labels_NK = np.zeros((len(table.labels), len(class_names)), dtype=np.uint8)
    for row, names in enumerate(table.labels):
        labels_NK[row, [number[name] for name in names if name in number]] = 1
    return class_names, labels_NK


def _refuse_unseen(table: TextTable, present: set[str], *, val: Rows, test: Rows) -> None:
    assert table.labels is not None
    for part, rows in (("val", val), ("test", test)):
        unseen = [row for row in rows.tolist() if not set(table.labels[row]) <= present]
        if unseen:
            names = sorted({name for row in unseen for name in table.labels[row]} - present)
            first = table.examples[unseen[0]]
            problem = f"{len(unseen):,} rows of the {part} split ({first}) have labels unseen in train"
            next_step = "add such rows to train, or remove them"
            value = ", ".join(names[:5])
            raise DataError("data.unseen_label", "data.columns.label", value, problem, next_step=next_step)
