"""A source's splits as one table of texts, with labels where there are any to learn."""

from __future__ import annotations

import dataclasses

from datasets import Dataset, DatasetDict

from bakeoff.data import columns as naming
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import SourceRows, Table, source_rows
from bakeoff.data.text import columns as reading
from bakeoff.data.text.columns import DocumentColumns, LabelledColumns, PairColumns
from bakeoff.errors import DataError


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextTable(Table):
    """All rows that have text; ``texts`` holds a list a role: ``text``, or ``source`` and ``target``."""

    texts: dict[str, list[str]]


def read_table(
    splits: DatasetDict, columns: LabelledColumns | DocumentColumns | PairColumns, *, split: SplitRule
) -> TextTable:
    """Find the columns, drop rows without text, read labels and names, and put the splits one after another.

    Raises:
        DataError: missing or doubled columns, unusable labels, an empty split or no text at all.
    """
    rows = source_rows(splits, split)
    if isinstance(columns, PairColumns):
        rows = rows.mapped(lambda dataset: dataset.flatten())
    column_of = _find_columns(rows.train, columns)
    rows.require_columns(column_of)
    roles = {role: column for role, column in column_of.items() if role != "label"}
    rows = _drop_empty(rows, roles)
    labels, order, multi_label = _labels(rows, columns, column_of.get("label"))
    return TextTable(
        **rows.facts(split),
        column_of=column_of,
        labels=labels,
        label_order=order,
        multi_label=multi_label,
        texts={
            role: [text for dataset in rows.datasets.values() for text in reading.read_texts(dataset, column)]
            for role, column in roles.items()
        },
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


def _drop_empty(rows: SourceRows, roles: dict[str, str]) -> SourceRows:
    """The rows whose texts hold more than white space."""
    datasets, examples, num_dropped = {}, {}, 0
    for part, dataset in rows.datasets.items():
        columns = [reading.read_texts(dataset, column) for column in roles.values()]
        kept = [row for row, texts in enumerate(zip(*columns, strict=True)) if all(text.strip() for text in texts)]
        if not kept:
            role, column = next(iter(roles.items()))
            problem = f"all {len(dataset):,} texts of the {part} split are empty"
            next_step = "name the column that holds the text, or give rows with text"
            raise DataError("data.no_text", f"data.columns.{role}", column, problem, next_step=next_step)
        num_dropped += len(dataset) - len(kept)
        datasets[part] = dataset if len(kept) == len(dataset) else dataset.select(kept)
        examples[part] = [rows.examples[part][row] for row in kept]
    notes = (f"{num_dropped:,} rows without text were dropped.",) if num_dropped else ()
    return SourceRows(datasets, examples, (*rows.notes, *notes))


def _labels(
    rows: SourceRows, columns: LabelledColumns | DocumentColumns | PairColumns, label: str | None
) -> tuple[list[list[str]] | None, tuple[str, ...], bool]:
    """Each row's labels, the order that numbers them, and whether a row may have several."""
    if not isinstance(columns, LabelledColumns) or label is None:
        return None, (), False
    separator = columns.label_separator
    multi_label = separator is not None or reading.holds_lists(rows.train, label)
    labels: list[list[str]] = []
    for part, dataset in rows.datasets.items():
        if multi_label:
            labels += reading.read_label_sets(dataset, label, separator)
        else:
            labels += [[name] for name in reading.read_label(dataset, label, examples=rows.examples[part])]
    present = {name for names in labels for name in names}
    return labels, reading.label_order(rows.train, label, present), multi_label
