"""From a source to arrays on disk, once; what every trial then maps into memory.

Prepared data is found by a cheap key (where the data comes from and how it is prepared). Its fingerprint is of the
content in use, so that the same data read from elsewhere has the same fingerprint.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.cache import digest
from bakeoff.data.columns import are_whole
from bakeoff.data.duplicates import OnDuplicate, find_leaks, settle_leaks
from bakeoff.data.labels import OnMissing, OnRare, contradicting_rows, number_labels, without_rare
from bakeoff.data.sources.source import Source
from bakeoff.data.splits.names import PARTS
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Facts, Parted, Rows
from bakeoff.data.table import Table
from bakeoff.errors import DataError

MANY_NUMBERS = 100
"""So many classes, all whole numbers, look like quantities."""
_FORMAT = 5  # raised whenever prepared folders change their meaning


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preparation:
    """How a source becomes arrays; everything here changes what is on disk."""

    columns: Any
    split: SplitRule
    dedup: OnDuplicate
    allow_leak: bool
    on_missing: OnMissing = "error"
    on_rare: OnRare = "error"

    @property
    def val_is_prepared(self) -> bool:
        """Whether the validation amount changes what is on disk; else trials draw validation themselves."""
        return not self.split.splitting.follows_seed

    def key(self, source: Source) -> str:
        """What the prepared folder is called."""
        kind = type(self.columns).__name__
        plain = {"format": _FORMAT, "kind": kind, "source": source.identity(), **dataclasses.asdict(self)}
        if not self.val_is_prepared:
            del plain["split"]["val"]
        return digest(plain)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedRows:
    """What every prepared folder holds. Rows are those of the table, in its order.

    Args:
        labels: of each row, as `number_labels` has them.
        pool: the rows to train on, and to draw validation from where ``val`` is empty.
        val: the same rows for all trials, or none.
        test: the rows that no trial trains on.
        units: the value of `SplitRule.unit`, or empty.
        examples: what each row is called.
        class_names: what the labels stand for.
        multi_label: whether a row may have several labels.
        leaked_rows: copies across splits that were kept.
        notes: sentences for the report.
        fingerprint: of the content in use.
    """

    labels: NDArray[Any]
    pool: Rows
    val: Rows
    test: Rows
    units: NDArray[np.str_]
    examples: NDArray[np.str_]
    class_names: tuple[str, ...]
    multi_label: bool
    leaked_rows: int
    notes: tuple[str, ...]
    fingerprint: str = ""

    @property
    def parted(self) -> Parted:
        """The splits that all trials share."""
        return Parted(self.pool, self.val, self.test)

    @property
    def facts(self) -> Facts:
        """What splits that are drawn go by."""
        parts = np.full(len(self.examples), "", dtype="<U5")
        for part, rows in dataclasses.asdict(self.parted).items():
            parts[rows] = part
        single = bool(self.class_names) and not self.multi_label
        classes = self.labels if single else None
        return Facts(parts=parts, classes=classes, class_names=self.class_names, groups=self._groups)

    def class_facts(self, train: Rows) -> dict[str, Any]:
        """What a `ClassSpec` says of the classes, with the counts of these train rows."""
        pool_K = self._class_counts(np.concatenate([self.pool, self.val]))
        return {
            "class_names": self.class_names,
            "class_counts": tuple(self._class_counts(train).tolist()),
            "rarest_class": int(np.flatnonzero(pool_K == pool_K.min())[-1]),
        }

    def _class_counts(self, rows: Rows) -> NDArray[np.int64]:
        if self.multi_label:
            return self.labels[rows].sum(axis=0, dtype=np.int64)
        return np.bincount(self.labels[rows], minlength=len(self.class_names))

    def content(self) -> Iterator[tuple[str, Rows, list[Any], list[int]]]:
        """Name, rows, labels and groups of each split: what fingerprints have of every kind of rows."""
        groups = self._groups
        for part, rows in (("pool", self.pool), ("val", self.val), ("test", self.test)):
            labels = self.labels[rows].tolist() if self.class_names else []
            yield part, rows, labels, [] if groups is None else groups[rows].tolist()

    def to_dict(self) -> dict[str, Any]:
        """The arrays and plain values, by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def _groups(self) -> Rows | None:
        return np.unique(self.units, return_inverse=True)[1].astype(np.int64) if len(self.units) else None


def part_rows(
    table: Table, digests: Sequence[bytes], preparation: Preparation, *, unreadable: Sequence[int] = ()
) -> PreparedRows:
    """Drop contradicting and duplicate rows, number the labels and fix the test split.

    Raises:
        DataError: copies on both sides of a split, one class only, labels unseen in train, classes of one row.
    """
    readable = ~np.isin(np.arange(len(table.parts)), list(unreadable))
    parted = Parted.of(np.where(readable, table.parts, ""))
    parted, notes = _without_contradictions(table, digests, preparation, parted)
    dropped, leaked_rows, note = settle_leaks(
        find_leaks(digests, pool=parted.train, val=parted.val, test=parted.test),
        dedup=preparation.dedup,
        allow_leak=preparation.allow_leak,
        examples=table.examples,
        noun=f"{table.noun}s",
    )
    table, parted, rare_notes = without_rare(table, parted.without(dropped), preparation.on_rare)
    _require_rows(table, parted)
    class_names, labels = number_labels(table, parted, noun=table.noun)
    group_note = _note_on_groups(table, parted, preparation.split)
    number_note = _note_on_numbers(class_names)
    rows = PreparedRows(
        labels=labels,
        pool=parted.train,
        val=parted.val,
        test=parted.test,
        units=np.asarray(table.units or [], dtype=np.str_),
        examples=np.asarray(table.examples),
        class_names=class_names,
        multi_label=table.multi_label,
        leaked_rows=leaked_rows,
        notes=(*table.notes, *notes, *filter(None, (note, *rare_notes, group_note, number_note))),
    )
    parted = preparation.split.splitting.draw_test(parted, rows.facts)
    return dataclasses.replace(rows, pool=parted.train, test=parted.test)


def write_folder(folder: Path, values: Mapping[str, Any]) -> None:
    """Arrays as files of their names, everything else as plain JSON."""
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    meta = {name: value for name, value in values.items() if name not in arrays} | {"arrays": list(arrays)}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def read_folder(folder: Path) -> dict[str, Any]:
    """What `write_folder` wrote; lists come back as tuples."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    arrays = {name: np.load(folder / f"{name}.npy") for name in meta.pop("arrays")}
    return arrays | {name: tuple(value) if isinstance(value, list) else value for name, value in meta.items()}


def _without_contradictions(
    table: Table, digests: Sequence[bytes], preparation: Preparation, parted: Parted
) -> tuple[Parted, list[str]]:
    """Train rows whose labels copies of them contradict left out, if that is wanted, and a note that says so."""
    if not table.drops_contradictions or preparation.dedup != "drop" or table.labels is None:
        return parted, []
    rows = contradicting_rows(table.labels, digests, parted.train)
    if not len(rows):
        return parted, []
    num_copied, noun = len({digests[row] for row in rows}), table.noun
    note = f"{len(rows):,} rows of {num_copied:,} {noun}s with contradicting labels were dropped."
    return dataclasses.replace(parted, train=np.setdiff1d(parted.train, rows)), [note]


def _note_on_groups(table: Table, parted: Parted, rule: SplitRule) -> str | None:
    """A sentence where splits that were given part what should stay together."""
    if table.units is None or not rule.has_groups:
        return None
    units = np.asarray(table.units)
    splits = [set(units[rows].tolist()) for rows in (parted.train, parted.val, parted.test) if len(rows)]
    doubled = sorted({unit for one, other in itertools.combinations(splits, 2) for unit in one & other})
    if not doubled:
        return None
    shown = ", ".join(doubled[:3])
    return f"LEAK: {len(doubled):,} groups have rows in more than one of the splits that are given ({shown})."


def _note_on_numbers(class_names: Sequence[str]) -> str | None:
    """A sentence where so many classes are whole numbers that they look like quantities."""
    if len(class_names) < MANY_NUMBERS or not are_whole(class_names):
        return None
    shown = f"{class_names[0]}, {class_names[1]}, ..., {class_names[-1]}"
    told = f"The {len(class_names):,} classes are whole numbers ({shown}): to predict a quantity is regression,"
    return f"{told} which this task is not; give ranges of it a column of names to learn those."


def _require_rows(table: Table, parted: Parted) -> None:
    for part in PARTS:
        if part in table.parts and not len(getattr(parted, part)):
            problem = f"the {part} split has no rows once copies, contradictions and rare classes are dropped"
            raise DataError("data.empty_split", "data.dedup", "drop", problem, next_step="give more rows")
