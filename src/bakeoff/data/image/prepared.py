"""From a source to arrays on disk, once; what every trial then maps into memory.

Prepared data is found by a cheap key (where the data comes from and how it is prepared). Its ``fingerprint`` is of the
content: the pixels, the classes and the fixed split, so the same data read from elsewhere has the same fingerprint.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.duplicates import OnDuplicate, find_leaks, settle_leaks
from bakeoff.data.image import pixels as reading
from bakeoff.data.image.columns import Columns
from bakeoff.data.image.pixels import Layout, Measured, OnBad
from bakeoff.data.image.table import ImageTable, read_table
from bakeoff.data.sources.source import Source
from bakeoff.data.splits.drawing import Rows, SplitRule, carve_test, require_two_rows_a_class
from bakeoff.errors import DataError

_FORMAT = 1  # raised whenever prepared folders change their meaning
_ARRAYS = ("labels", "sums_2NC", "pool", "val", "test", "groups", "examples")


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How the source becomes arrays; everything here changes what is on disk."""

    columns: Columns
    split: SplitRule
    image_size: tuple[int, int] | None
    on_bad: OnBad
    dedup: OnDuplicate
    allow_leak: bool
    in_memory_gb: float

    def key(self, source: Source) -> str:
        """What the prepared folder is called; the validation amount is not part of it, as trials draw it anew."""
        plain = {"format": _FORMAT, "source": source.identity(), **dataclasses.asdict(self)}
        del plain["split"]["val"]
        return digest(plain)


@dataclasses.dataclass(frozen=True)
class PreparedImages:
    """The arrays of a prepared folder. Rows are those of the source, in its order.

    ``pixels_NCHW`` is uint8, mapped from disk and shared between processes, or None where the decoded images exceed the
    memory limit. ``labels`` is -1 at rows that are in no split. ``val`` is empty where trials draw it from ``pool``.
    """

    pixels_NCHW: Tensor | None
    labels: NDArray[np.int64]
    sums_2NC: NDArray[np.int64]
    pool: Rows
    val: Rows
    test: Rows
    groups: Rows
    examples: NDArray[np.str_]
    layout: Layout
    class_names: tuple[str, ...]
    fingerprint: str
    leaked_rows: int
    notes: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path) -> PreparedImages:
        """Map a prepared folder; nothing is decoded and little is read."""
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_text())
        arrays = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
        file = folder / "pixels.npy"
        # copy-on-write, since torch warns of arrays it could write to but must not; nothing writes
        pixels_NCHW = torch.from_numpy(np.load(file, mmap_mode="c")) if file.exists() else None
        for name in ("class_names", "notes"):
            meta[name] = tuple(meta[name])
        return cls(pixels_NCHW=pixels_NCHW, layout=Layout(**meta.pop("layout")), **arrays, **meta)


def prepare_images(source: Source, preparation: Preparation) -> PreparedImages:
    """The prepared images, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    folder = cached_folder("images", preparation.key(source), lambda partial: _build(partial, source, preparation))
    return PreparedImages.open(folder)


def read_records(source: Source, preparation: Preparation) -> Dataset:
    """The undecoded images, a row each in the order of the prepared arrays."""
    return read_table(source.load(), preparation.columns, split=preparation.split).records


def _build(folder: Path, source: Source, preparation: Preparation) -> None:
    table = read_table(source.load(), preparation.columns, split=preparation.split)
    bad: dict[int, str] = {}
    headers = reading.read_headers(table.records, bad)
    if not any(headers):
        reading.settle_bad(bad, num_rows=len(headers), on_bad="error", examples=table.examples)
    layout, colour_note = reading.choose_layout(
        headers, is_test=table.parts == "test", image_size=preparation.image_size
    )
    in_memory = len(headers) * layout.num_bytes <= preparation.in_memory_gb * 1e9
    measured = reading.measure(table.records, layout, bad, file=folder / "pixels.npy" if in_memory else None)
    bad_note = reading.settle_bad(bad, num_rows=len(headers), on_bad=preparation.on_bad, examples=table.examples)
    parted = _part(table, measured, bad, preparation)
    _save(folder, table, layout, measured, parted, notes=[colour_note, bad_note, parted.note])


@dataclasses.dataclass(frozen=True)
class _Parted:
    labels: NDArray[np.int64]
    pool: Rows
    val: Rows
    test: Rows
    class_names: tuple[str, ...]
    leaked_rows: int
    note: str | None


def _part(table: ImageTable, measured: Measured, bad: dict[int, str], preparation: Preparation) -> _Parted:
    """Drop unreadable and duplicate rows, number the classes and fix the test split."""
    readable = ~np.isin(np.arange(len(table.examples)), list(bad))
    pool, val, test = (np.flatnonzero(readable & (table.parts == part)) for part in ("train", "val", "test"))
    dropped, leaked_rows, note = settle_leaks(
        find_leaks(measured.digests, pool=pool, val=val, test=test),
        dedup=preparation.dedup,
        allow_leak=preparation.allow_leak,
        examples=table.examples,
    )
    pool, val = np.setdiff1d(pool, dropped), np.setdiff1d(val, dropped)
    class_names = _classes_of(table, pool)
    number = {name: index for index, name in enumerate(class_names)}
    labels = np.array([number.get(name, -1) for name in table.classes], dtype=np.int64)
    _refuse_unseen(table, labels, val=val, test=test)
    if not (len(val) and len(test)) and table.groups is None:
        require_two_rows_a_class([table.classes[row] for row in pool])
    if not len(test):
        test = carve_test(pool, preparation.split, classes=labels, groups=table.groups)
        pool = np.setdiff1d(pool, test)
    labels[np.setdiff1d(np.arange(len(labels)), np.concatenate([pool, val, test]))] = -1
    return _Parted(labels, pool, val, test, class_names, leaked_rows, note)


def _classes_of(table: ImageTable, pool: Rows) -> tuple[str, ...]:
    present = {table.classes[row] for row in pool}
    class_names = tuple(name for name in table.class_order if name in present)
    if len(class_names) < 2:
        problem = f"train holds one class only ({', '.join(class_names) or 'none'}); there is nothing to tell apart"
        next_step = "check the label column, or add images of a second class"
        raise DataError("data.one_class", "data.columns.label", None, problem, next_step=next_step)
    return class_names


def _refuse_unseen(table: ImageTable, labels: NDArray[np.int64], *, val: Rows, test: Rows) -> None:
    for part, rows in (("val", val), ("test", test)):
        unseen = rows[labels[rows] < 0]
        if len(unseen):
            names = sorted({table.classes[row] for row in unseen})
            problem = (
                f"{len(unseen):,} rows of the {part} split ({table.examples[unseen[0]]}) have classes unseen in train"
            )
            next_step = "add such rows to train, or remove them"
            value = ", ".join(names[:5])
            raise DataError("data.unseen_label", "data.columns.label", value, problem, next_step=next_step)


def _save(
    folder: Path, table: ImageTable, layout: Layout, measured: Measured, parted: _Parted, *, notes: list[str | None]
) -> None:
    groups = table.groups if table.groups is not None else np.empty(0, dtype=np.int64)
    arrays = {
        "labels": parted.labels,
        "sums_2NC": measured.sums_2NC,
        "pool": parted.pool,
        "val": parted.val,
        "test": parted.test,
        "groups": groups,
        "examples": np.asarray(table.examples),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    meta = {
        "layout": dataclasses.asdict(layout),
        "class_names": parted.class_names,
        "fingerprint": _fingerprint(layout, measured, parted, groups),
        "leaked_rows": parted.leaked_rows,
        "notes": [note for note in notes if note],
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1))


def _fingerprint(layout: Layout, measured: Measured, parted: _Parted, groups: Rows) -> str:
    """Of the content in use: layout, classes, and each split's pixels, labels and groups in order."""
    splits = {}
    for part, rows in (("pool", parted.pool), ("val", parted.val), ("test", parted.test)):
        group_of_row = groups[rows].tolist() if len(groups) else []
        digests = [measured.digests[row].hex() for row in rows]
        splits[part] = [digests, parted.labels[rows].tolist(), group_of_row]
    return digest([dataclasses.astuple(layout), parted.class_names, splits])
