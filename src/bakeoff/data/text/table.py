"""A source's splits as one table of rows: texts, labels, split, group and a stable name a row."""

from __future__ import annotations

import dataclasses

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from bakeoff.data import columns as naming
from bakeoff.data.splits.drawing import Rows, SplitRule
from bakeoff.data.table import example_names, group_numbers, named_splits
from bakeoff.data.text import columns as reading
from bakeoff.data.text.columns import DocumentColumns, LabelledColumns, PairColumns
from bakeoff.errors import DataError


@dataclasses.dataclass(frozen=True)
class TextTable:
    """All rows of all splits that have text, in the order of the source.

    ``texts`` holds a list a role: ``text``, or ``source`` and ``target``; ``column_of`` says what the columns are
    called. ``labels`` holds each row's labels (one, or any number), None where there are none to learn. ``parts`` holds
    ``train``, ``val`` or ``test``; all are ``train`` where the source gives no splits.
    """

    texts: dict[str, list[str]]
    column_of: dict[str, str]
    labels: list[list[str]] | None
    label_order: tuple[str, ...]
    multi_label: bool
    parts: NDArray[np.str_]
    groups: Rows | None
    examples: list[str]
    notes: list[str]


def read_table(
    splits: DatasetDict, columns: LabelledColumns | DocumentColumns | PairColumns, *, split: SplitRule
) -> TextTable:
    """Find the columns, drop rows without text, read labels and names, and put the splits one after another.

    Raises:
        DataError: missing or doubled columns, unusable labels, an empty split or no text at all.
    """
    named = named_splits(splits, split)
    if isinstance(columns, PairColumns):
        named = {part: dataset.flatten() for part, dataset in named.items()}
    column_of = _find_columns(named["train"], columns)
    _require_everywhere(named, column_of)
    examples = {part: example_names(part, dataset) for part, dataset in named.items()}
    named, examples, notes = _drop_empty(named, examples, column_of)
    labels, order, multi_label = _labels(named, examples, columns, column_of.get("label"))
    roles = [role for role in column_of if role != "label"]
    return TextTable(
        texts={
            role: [text for d in named.values() for text in reading.read_texts(d, column_of[role])] for role in roles
        },
        column_of=column_of,
        labels=labels,
        label_order=order,
        multi_label=multi_label,
        parts=np.concatenate([np.full(len(dataset), part) for part, dataset in named.items()]),
        groups=group_numbers(named, split.group),
        examples=[name for part in named for name in examples[part]],
        notes=notes,
    )


def _find_columns(train: Dataset, columns: LabelledColumns | DocumentColumns | PairColumns) -> dict[str, str]:
    if isinstance(columns, PairColumns):
        source = reading.text_column(train, "source", columns.source)
        target = reading.text_column(train, "target", columns.target)
        return (
            {"source": source, "target": target}
            if source != target
            else reading.refuse_same_column("source", "target", source)
        )
    if isinstance(columns, DocumentColumns):
        return {"text": reading.text_column(train, "text", columns.text)}
    label = naming.label_column(train.features, columns.label)
    if columns.text == label:
        reading.refuse_same_column("text", "label", label)
    others = train.remove_columns([label])
    return {"text": reading.text_column(others, "text", columns.text), "label": label}


def _require_everywhere(named: dict[str, Dataset], column_of: dict[str, str]) -> None:
    for part, dataset in named.items():
        for role, column in column_of.items():
            if column not in dataset.features:
                key, problem = f"data.columns.{role}", f"the {part} split lacks this column"
                shown = [name for name in dataset.column_names if not name.startswith("__")]
                raise DataError("data.missing_column", key, column, problem, allowed=shown)


def _drop_empty(
    named: dict[str, Dataset], examples: dict[str, list[str]], column_of: dict[str, str]
) -> tuple[dict[str, Dataset], dict[str, list[str]], list[str]]:
    """The rows whose texts hold more than white space."""
    roles = [role for role in column_of if role != "label"]
    kept_datasets, kept_examples, num_dropped = {}, {}, 0
    for part, dataset in named.items():
        columns = [reading.read_texts(dataset, column_of[role]) for role in roles]
        kept = [row for row, texts in enumerate(zip(*columns, strict=True)) if all(text.strip() for text in texts)]
        if not kept:
            column = column_of[roles[0]]
            problem = f"all {len(dataset):,} texts of the {part} split are empty"
            next_step = "name the column that holds the text, or give rows with text"
            raise DataError("data.no_text", f"data.columns.{roles[0]}", column, problem, next_step=next_step)
        num_dropped += len(dataset) - len(kept)
        kept_datasets[part] = dataset if len(kept) == len(dataset) else dataset.select(kept)
        kept_examples[part] = [examples[part][row] for row in kept]
    notes = [f"{num_dropped:,} rows without text were dropped."] if num_dropped else []
    return kept_datasets, kept_examples, notes


def _labels(
    named: dict[str, Dataset],
    examples: dict[str, list[str]],
    columns: LabelledColumns | DocumentColumns | PairColumns,
    label: str | None,
) -> tuple[list[list[str]] | None, tuple[str, ...], bool]:
    """Each row's labels, the order that numbers them, and whether a row may have several."""
    if not isinstance(columns, LabelledColumns) or label is None:
        return None, (), False
    train, separator = named["train"], columns.label_separator
    multi_label = separator is not None or reading.holds_lists(train, label)
    labels: list[list[str]] = []
    for part, dataset in named.items():
        if multi_label:
            labels += reading.read_label_sets(dataset, label, separator)
        else:
            labels += [[name] for name in reading.read_label(dataset, label, examples=examples[part])]
    present = {name for names in labels for name in names}
    return labels, reading.label_order(train, label, present), multi_label
