"""What a data set holds, told before anything is prepared: columns, splits, classes, sizes, copies, examples."""

from __future__ import annotations

import collections
import dataclasses
import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import DatasetDict, Value

from bakeoff.config import build
from bakeoff.data.prepared import Preparation, PreparedRows, part_rows
from bakeoff.data.splits.splitting import Parted
from bakeoff.data.surveyor import Surveyor
from bakeoff.data.table import EXAMPLE_COLUMN, Table
from bakeoff.errors import DataError

_OURS = "bakeoff.data."
NUM_EXAMPLES = 5
_SEEN_VALUES = 1000
_CHOICES = ("dedup", "allow_leak", "on_missing", "on_rare")
"""Settings of a `Preparation` that every kind of rows may have."""
_GROUP_PATTERNS = (r"([^/]+)\.rf\.[0-9a-f]+\.\w+$", r"([^/]+)[-_ ](?:[a-z]+)?\d+\.\w+$")
_NUMBER = re.compile(r"[+-]?\d+\.\d+")
_MANY_NUMBERS = 5
_FEWEST_GROUPS, _LEAST_IN_A_GROUP = 10, 1.5


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the source.

    Attributes:
        name: in the source.
        type: of its values.
        taken_as: what it holds for training, or None where it is left out.
        values: how many differ among the first 1,000 rows; None where they cannot be compared.
        example: the first value.
    """

    name: str
    type: str
    taken_as: str | None
    values: int | None
    example: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Survey:
    """What was found, as far as it could be read.

    Attributes:
        columns: of the source.
        splits: rows of each split, for the first seed.
        given: the splits that the source gives; the others are drawn.
        classes: rows of each class, by split; empty where there are none to learn.
        measures: least, median and greatest of each size.
        copies: rows whose content another one has; None where copies mean nothing.
        contradictions: those of them whose copy has another label.
        groups: how many groups of rows stay on one side, if any do.
        likely_groups: where none do: a regular expression that finds some in the names, how many, and one of them.
        notes: what was left out or decided.
        examples: name, labels and content of some rows.
        refusal: why training would refuse the data, if it would.
        noun: what its rows are called.
    """

    columns: tuple[Column, ...]
    splits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    given: tuple[str, ...] = ()
    classes: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    measures: Mapping[str, tuple[float, float, float]] = dataclasses.field(default_factory=dict)
    copies: int | None = 0
    contradictions: int = 0
    groups: int | None = None
    likely_groups: tuple[str, int, str] | None = None
    notes: tuple[str, ...] = ()
    examples: tuple[tuple[str, str, str], ...] = ()
    refusal: DataError | None = None
    noun: str = "row"


def surveyor_class(section: Mapping[str, Any]) -> type[Surveyor[Any]] | None:
    """The surveyor of a data section's kind; None where it has none, as for data that a rule makes."""
    package = section["module"]["_target_"].rpartition(".")[0].rpartition(".")[0]
    if not package.startswith(_OURS) or importlib.util.find_spec(f"{package}.survey") is None:
        return None
    found: type[Surveyor[Any]] = importlib.import_module(f"{package}.survey").SURVEYOR
    return found


def survey(section: Mapping[str, Any], surveyor: type[Surveyor[Any]]) -> Survey:
    """Reads the data of a resolved ``data`` section, as far as it can be read.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: the source cannot be loaded.
    """
    module = section["module"]
    loaded: DatasetDict = build(module["source"], "data.module.source").load()
    split, columns = (build(module[key], f"data.module.{key}") for key in ("split", "columns"))
    choices = {"on_missing": "error"} | {key: section[key] for key in _CHOICES if key in section}
    try:
        found = surveyor(loaded, columns=columns, split=split, on_missing=choices["on_missing"])
    except DataError as refusal:
        shown = _columns(loaded, {})
        return Survey(columns=shown, notes=(*getattr(loaded, "notes", ()), *_doubts(shown)), refusal=refusal)
    refusals, rows = [], None
    try:
        found.settle(section)
    except DataError as refusal:
        refusals.append(refusal)
    digests = found.digests()
    how = Preparation(columns=columns, split=split, **choices)
    try:
        rows = part_rows(found.table, digests, how)
        parted = split.splitting.draw_val(rows.parted, rows.facts, seed=0)
        rows = dataclasses.replace(rows, notes=(*rows.notes, *found.remarks(rows)))
    except DataError as refusal:
        refusals.append(refusal)
        parted = Parted.of(found.table.parts)
    return _described(found, loaded, digests, rows, parted, refusals)


def _described(
    found: Surveyor[Any],
    loaded: DatasetDict,
    digests: Sequence[bytes],
    rows: PreparedRows | None,
    parted: Parted,
    refusals: Sequence[DataError],
) -> Survey:
    table: Table = found.table
    by_split = {name: part for name, part in dataclasses.asdict(parted).items() if len(part)}
    taken = {column: role for role, column in table.column_of.items()}
    if found.split.unit is not None:
        taken.setdefault(found.split.unit, "group")
    taken |= {column: f"split by {key}" for key, column in found.split.deciding.items()}
    columns, classes = _columns(loaded, taken), _classes(table, by_split)
    given = tuple(name for name in by_split if name in table.parts) if len(set(table.parts)) > 1 else ()
    return Survey(
        columns=columns,
        splits={name: len(part) for name, part in by_split.items()},
        given=given,
        classes=classes,
        measures={name: _spread(values) for name, values in found.measures().items() if len(values)},
        copies=len(digests) - len(set(digests)),
        contradictions=_contradictions(table, digests),
        groups=len(set(table.units)) if table.units is not None else None,
        likely_groups=_likely_groups(table) if table.units is None else None,
        notes=(*(rows.notes if rows is not None else table.notes), *_doubts(columns, classes, given)),
        examples=tuple(_example(found, row) for row in _spread_rows(len(table.examples))),
        refusal=refusals[0] if refusals else None,
    )


def _columns(loaded: DatasetDict, taken: Mapping[str, str]) -> tuple[Column, ...]:
    """Of the split that is trained on, or the first one."""
    rows = loaded["train"] if "train" in loaded else next(iter(loaded.values()))
    first = rows.with_format("arrow")[:_SEEN_VALUES]
    found = []
    for name, feature in rows.features.items():
        if name == EXAMPLE_COLUMN:
            continue
        values = first[name].to_pylist()
        shown = next((value for value in values if value is not None), "")
        path = shown.get("path") if isinstance(shown, Mapping) else None
        kind = feature.dtype if isinstance(feature, Value) else type(feature).__name__
        role = next((role for column, role in taken.items() if name in (column, column.partition(".")[0])), None)
        found.append(Column(name, kind, role, _num_different(values), " ".join(str(path or shown)[:200].split())))
    return tuple(found)


def _doubts(
    columns: Sequence[Column], classes: Mapping[str, Mapping[str, int]] | None = None, given: Sequence[str] = ()
) -> Iterator[str]:
    """What is read as asked, but may not be what is meant."""
    numbers = [column.name for column in columns if column.taken_as is None and _NUMBER.fullmatch(column.example)]
    if len(numbers) >= _MANY_NUMBERS:
        yield f"{len(numbers):,} columns of numbers are left out ({numbers[0]}, ...): no task here learns from them."
    for split in given:
        lacking = [name for name, counts in (classes or {}).items() if not counts[split]]
        if lacking:
            yield f"The given {split} split has no row of {len(lacking):,} classes, such as {lacking[0]}."


def _num_different(values: Sequence[Any]) -> int | None:
    try:
        return len(set(values))
    except TypeError:  # lists and mappings
        return None


def _classes(table: Table, by_split: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    if table.labels is None:
        return {}
    counts = {
        split: collections.Counter(name for row in rows.tolist() for name in table.labels[row])
        for split, rows in by_split.items()
    }
    every = {name for count in counts.values() for name in count}
    order = [*table.label_order, *sorted(every.difference(table.label_order))]
    return {name: {split: count[name] for split, count in counts.items()} for name in order if name in every}


def _likely_groups(table: Table) -> tuple[str, int, str] | None:
    """By names that end in a number or a hash after what several have in common, if they have it by the dozen."""
    num_classes = len({name for names in table.labels or [] for name in names})
    for pattern in _GROUP_PATTERNS:
        found = [re.search(pattern, name) for name in table.examples]
        groups = {match[1] for match in found if match}
        enough = max(_FEWEST_GROUPS, 2 * num_classes) <= len(groups) <= len(found) / _LEAST_IN_A_GROUP
        if all(found) and enough:
            return pattern, len(groups), min(groups)
    return None


def _contradictions(table: Table, digests: Sequence[bytes]) -> int:
    if table.labels is None:
        return 0
    labels: dict[bytes, set[frozenset[str]]] = collections.defaultdict(set)
    for digest, names in zip(digests, table.labels, strict=True):
        labels[digest].add(frozenset(names))
    return sum(len(labels[digest]) > 1 for digest in digests)


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    least, middle, greatest = np.quantile(values, [0.0, 0.5, 1.0]).tolist()
    return least, middle, greatest


def _spread_rows(count: int) -> list[int]:
    return sorted({int(row) for row in np.linspace(0, count - 1, NUM_EXAMPLES)})


def _example(found: Surveyor[Any], row: int) -> tuple[str, str, str]:
    labels = found.table.labels[row] if found.table.labels is not None else []
    return found.table.examples[row], ", ".join(labels), found.show(row)
