"""A source's splits as one table of texts, with labels where there are any to learn."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from datasets import Dataset, DatasetDict

from bakeoff.data import columns as naming
from bakeoff.data.labels import OnMissing, one_label
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import SourceRows, Table, source_rows
from bakeoff.data.text import columns as reading
from bakeoff.data.text.columns import DocumentColumns, LabelledColumns, PairColumns

_MARKS = "#|;,/+"
"""What may stand between several labels in one cell."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextTable(Table):
    """All rows that have text; ``texts`` holds a list a role: ``text``, or ``source`` and ``target``."""

    noun = "text"
    drops_contradictions = True

    texts: dict[str, list[str]]

    def digests(self) -> list[bytes]:
        """A hash of each text, or source; equal for those that differ in upper and lower case or white space only."""
        texts = next(iter(self.texts.values()))
        return [hashlib.blake2b(" ".join(text.casefold().split()).encode(), digest_size=16).digest() for text in texts]


def read_table(
    splits: DatasetDict,
    columns: LabelledColumns | DocumentColumns | PairColumns,
    *,
    split: SplitRule,
    on_missing: OnMissing = "error",
) -> TextTable:
    """Find the columns, drop rows without text, read labels and names, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.
        on_missing: what becomes of rows without a label.

    Raises:
        DataError: missing or doubled columns, unusable labels, an empty split or no text at all.
    """
    rows = source_rows(splits, split).mapped(lambda dataset: dataset.flatten())
    if isinstance(columns, LabelledColumns) and not isinstance(columns.label, str | None):
        several = list(columns.label)
        rows = rows.mapped(lambda dataset: reading.joined_labels(dataset, several))
        columns = dataclasses.replace(columns, label=", ".join(several))
    column_of = _find_columns(rows.train, columns, unit=split.unit)
    rows.require_columns(column_of)
    roles = {role: column for role, column in column_of.items() if role != "label"}
    rows = _drop_empty(rows, roles)
    if "label" in column_of:
        rows = _accepted(rows, column_of["label"])
    labels, multi_label = None, False
    if isinstance(columns, LabelledColumns):
        rows, labels, multi_label = _labels(rows, columns, column_of["label"], on_missing)
    present = {name for names in labels or () for name in names}
    return TextTable(
        **rows.facts(split),
        column_of=column_of,
        labels=labels,
        label_order=naming.class_order(rows.train, column_of["label"], present) if labels else (),
        multi_label=multi_label,
        texts={
            role: [text for dataset in rows.datasets.values() for text in reading.read_texts(dataset, column)]
            for role, column in roles.items()
        },
    )


def _find_columns(
    train: Dataset, columns: LabelledColumns | DocumentColumns | PairColumns, *, unit: str | None
) -> dict[str, str]:
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
    assert isinstance(columns.label, str | None)
    label = naming.label_column(train, columns.label)
    if columns.text == label:
        reading.refuse_same_column("text", "label", label)
    known = {label} if columns.text else {label, unit} & set(train.column_names)
    others = train.remove_columns(list(known))
    return {"text": reading.text_column(others, "text", columns.text), "label": label}


def _drop_empty(rows: SourceRows, roles: dict[str, str]) -> SourceRows:
    """The rows whose texts hold more than white space."""
    kept = {}
    for part, dataset in rows.datasets.items():
        columns = [reading.read_texts(dataset, column) for column in roles.values()]
        kept[part] = [
            row for row, texts in enumerate(zip(*columns, strict=True)) if not any(map(reading.is_blank, texts))
        ]
    role, column = next(iter(roles.items()))
    found = rows.selected(kept, key=f"data.columns.{role}", column=column, what="text")
    num_dropped = sum(len(dataset) - len(kept[part]) for part, dataset in rows.datasets.items())
    notes = (f"{num_dropped:,} rows without text were dropped.",) if num_dropped else ()
    return dataclasses.replace(found, notes=(*rows.notes, *notes))


def _labels(
    rows: SourceRows, columns: LabelledColumns, label: str, on_missing: OnMissing
) -> tuple[SourceRows, list[list[str]], bool]:
    """The rows that have a label, each row's labels, and whether a row may have several."""
    separator = columns.label_separator
    if separator is None and columns.label_kind is None:
        rows = reading.with_written_lists(rows, label)
    if separator is None and not reading.holds_lists(rows.train, label):
        rows, labels = one_label(rows, label, kind=columns.label_kind, on_missing=on_missing)
        return dataclasses.replace(rows, notes=(*rows.notes, *_note_on_joined(labels))), labels, False
    sets = [reading.read_label_sets(dataset, label, separator) for dataset in rows.datasets.values()]
    labels = [names for part in sets for names in part]
    if separator is None and all(len(names) == 1 for names in labels):
        note = f"Lists in column {label} hold one label each: a text has one label (data.columns.label_separator)."
        return dataclasses.replace(rows, notes=(*rows.notes, note)), labels, False
    return rows, labels, True


def _accepted(rows: SourceRows, label: str) -> SourceRows:
    """Without what a person rejected or ignored, in the exports of Prodigy, where that is not the label itself."""
    if label == "answer" or not {"_task_hash", "answer"} <= set(rows.train.column_names):
        return rows
    answers = {part: dataset["answer"] for part, dataset in rows.datasets.items()}
    kept = {part: [row for row, answer in enumerate(said) if answer == "accept"] for part, said in answers.items()}
    num_dropped = sum(len(said) - len(kept[part]) for part, said in answers.items())
    note = f"{num_dropped:,} rows were dropped, whose answer is not accept: this is an export of Prodigy."
    found = rows.selected(kept, key="data.columns.label", column="answer", what="an accept")
    return dataclasses.replace(found, notes=(*rows.notes, *[note] * bool(num_dropped)))


def _note_on_joined(labels: Sequence[Sequence[str]]) -> list[str]:
    """Tells of classes that are other classes with a mark between."""
    names = {name for row in labels for name in row}
    for mark in _MARKS:
        joined = sorted(
            name for name in names if mark in name and {part.strip() for part in name.split(mark)} <= names - {name}
        )
        if joined:
            note = f"Some classes are others with {mark!r} between, such as {joined[0]}: several labels a text"
            return [f"{note} are read with data.columns.label_separator='{mark}'."]
    return []
