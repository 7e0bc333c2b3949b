"""A source's splits as one table of rows: what all kinds of rows have: split, unit, labels and a stable name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from bakeoff.data import columns as naming
from bakeoff.data.splits.names import PARTS, canonical_split
from bakeoff.data.splits.reading import groups_from, read_facts
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError

EXAMPLE_COLUMN = "__example__"
"""A source may name its rows (say, by file) in a column of this name; else a row is called ``split/number``."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """All rows of all splits that are used, in the order of the source, one split after another.

    Args:
        parts: ``train``, ``val`` or ``test`` of each row; all are ``train`` where the source gives no splits.
        examples: what each row is called.
        units: the value of the column of `SplitRule.unit`, as text; None without one.
        column_of: what the columns are called, by what they hold.
        labels: each row's labels, one or any number; None where there are none to learn.
        label_order: the labels of train in the order that numbers them.
        multi_label: whether a row may have several labels.
        notes: sentences for the report.
    """

    noun: ClassVar[str] = "row"
    """What a row is called in errors and notes."""
    drops_contradictions: ClassVar[bool] = False
    """Whether copies with different labels are dropped wherever copies are."""

    parts: NDArray[np.str_]
    examples: list[str]
    units: list[str] | None
    column_of: dict[str, str]
    labels: list[list[str]] | None = None
    label_order: tuple[str, ...] = ()
    multi_label: bool = False
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class SourceRows:
    """A source's splits by their canonical names, train first, and what each row is called."""

    datasets: dict[str, Dataset]
    examples: dict[str, list[str]]
    notes: tuple[str, ...] = ()

    @property
    def train(self) -> Dataset:
        """The rows to train on, and to make missing splits from."""
        return self.datasets["train"]

    def mapped(self, change: Callable[[Dataset], Dataset]) -> SourceRows:
        """The same rows with other columns."""
        return dataclasses.replace(self, datasets={part: change(dataset) for part, dataset in self.datasets.items()})

    def selected(self, kept: dict[str, list[int]], *, key: str, column: str, what: str) -> SourceRows:
        """Some rows of each split, those that have ``what`` in a column that ``key`` names.

        Raises:
            DataError: none of a split.
        """
        datasets, examples = {}, {}
        for part, dataset in self.datasets.items():
            if not kept[part]:
                problem = f"none of the {len(dataset):,} rows of the {part} split has {what}"
                next_step = f"name the column that holds it, or give rows with {what}"
                raise DataError(f"data.no_{what.split()[-1]}", key, column, problem, next_step=next_step)
            datasets[part] = dataset if len(kept[part]) == len(dataset) else dataset.select(kept[part])
            examples[part] = [self.examples[part][row] for row in kept[part]]
        return dataclasses.replace(self, datasets=datasets, examples=examples)

    def require_columns(self, column_of: dict[str, str]) -> None:
        """Every split has the columns that were found in train.

        Raises:
            DataError: one lacks one.
        """
        for part, dataset in self.datasets.items():
            for role, column in column_of.items():
                if column not in dataset.features:
                    key, problem = f"data.columns.{role}", f"the {part} split lacks this column"
                    shown = [name for name in dataset.column_names if not name.startswith("__")]
                    raise DataError("data.missing_column", key, column, problem, allowed=shown)

    def facts(self, rule: SplitRule) -> dict[str, Any]:
        """What a `Table` has of every kind of rows."""
        return {
            "parts": np.concatenate([np.full(len(dataset), part) for part, dataset in self.datasets.items()]),
            "examples": [name for names in self.examples.values() for name in names],
            "units": self._units(rule),
            "notes": self.notes,
        }

    def _units(self, rule: SplitRule) -> list[str] | None:
        if rule.group_from is not None:
            return groups_from([name for names in self.examples.values() for name in names], rule.group_from)
        if rule.unit is None:
            return None
        key = "data.split.group" if rule.group is not None else "data.split.user"
        return [
            str(value).strip()
            for dataset in self.datasets.values()
            for value in naming.column_values(dataset, rule.unit, kind=key.rpartition(".")[2], key=key)
        ]


def source_rows(splits: DatasetDict, rule: SplitRule) -> SourceRows:
    """The splits as they are given or as their rows decide; a lone one of any name is what the others come from.

    Raises:
        DataError: no split to train on, an empty one, or a column that parts what is parted already.
    """
    named, notes = _named(splits)
    if rule.deciding or rule.embargo is not None:
        named, left_out = _decided(named, rule)
        notes += left_out
    if "train" not in named:
        problem = f"there is no train split among {', '.join(map(str, named if rule.column else splits))}"
        key = "data.split.column" if rule.column else "data.path"
        raise DataError("data.no_train_split", key, rule.column, problem, next_step="name one split train")
    for part, dataset in named.items():
        if not len(dataset):
            raise DataError("data.empty_split", "data.path", None, f"the {part} split has no rows")
    ordered = {part: named[part] for part in PARTS if part in named}
    return SourceRows(ordered, {part: example_names(part, dataset) for part, dataset in ordered.items()}, notes)


def _named(splits: DatasetDict) -> tuple[dict[str, Dataset], tuple[str, ...]]:
    """The splits by their canonical names, and what the source and this left out."""
    notes: tuple[str, ...] = getattr(splits, "notes", ())
    if len(splits) == 1:
        return {"train": next(iter(splits.values()))}, notes
    names: dict[str, str] = {}
    for name in map(str, splits):
        part = canonical_split(name)
        if part in names:
            problem = f"two splits of the source are the {part} split: {names[part]} and {name}"
            raise DataError("data.doubled_split", "data.path", None, problem, next_step="rename or remove one of them")
        if part:
            names[part] = name
    others = [f"{name} ({len(splits[name]):,} rows)" for name in map(str, splits) if name not in names.values()]
    if others:
        notes = (*notes, f"Splits of the source that are left out: {', '.join(others)}.")
    return {part: splits[name] for part, name in names.items()}, notes


def _decided(named: dict[str, Dataset], rule: SplitRule) -> tuple[dict[str, Dataset], tuple[str, ...]]:
    """The rows of a lone split by facts of theirs, each still called as in the whole, and a note on those left out."""
    if list(named) != ["train"]:
        key, value = next(iter(rule.deciding.items()), ("embargo", str(rule.embargo)))
        problem, key = f"the source gives splits already ({', '.join(named)})", f"data.split.{key}"
        raise DataError("data.splits_given", key, value, problem, next_step=f"leave {key} out")
    rows = named["train"]
    examples = example_names("train", rows)
    if EXAMPLE_COLUMN not in rows.column_names:
        rows = rows.add_column(EXAMPLE_COLUMN, examples)
    parted = rule.splitting.decide(read_facts(rows, rule, examples=examples))
    others = rows.remove_columns([column for key, column in rule.deciding.items() if key != "user"])
    rows_of: dict[str, Rows] = {part: getattr(parted, part) for part in PARTS}
    num_left = len(rows) - sum(map(len, rows_of.values()))
    notes = (f"{num_left:,} rows between the splits were left out (data.split.embargo).",) if num_left else ()
    return {part: others.select(chosen) for part, chosen in rows_of.items() if len(chosen)}, notes


def example_names(part: str, dataset: Dataset) -> list[str]:
    """What the source calls its rows, else the split and a number."""
    if EXAMPLE_COLUMN in dataset.column_names:
        return dataset.select_columns([EXAMPLE_COLUMN])[:][EXAMPLE_COLUMN]
    return [f"{part}/{row}" for row in range(len(dataset))]
