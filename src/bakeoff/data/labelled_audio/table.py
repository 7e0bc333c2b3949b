"""A source's splits as one table of recordings with a class each."""

from __future__ import annotations

import dataclasses

from datasets import DatasetDict, concatenate_datasets

from bakeoff.data import columns as naming
from bakeoff.data.audio.columns import audio_column, undecoded_recordings
from bakeoff.data.audio.table import RecordingTable
from bakeoff.data.labelled_audio.columns import LabelledAudioColumns
from bakeoff.data.labels import OnMissing, one_label
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import source_rows
from bakeoff.data.text.columns import refuse_same_column


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledAudioTable(RecordingTable):
    """All rows; ``labels`` holds the class of each."""


def read_table(
    splits: DatasetDict, columns: LabelledAudioColumns, *, split: SplitRule, on_missing: OnMissing = "error"
) -> LabelledAudioTable:
    """Find the columns, read classes, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.
        on_missing: what becomes of recordings without a class.

    Raises:
        DataError: missing columns, unusable labels, an empty split or no split to train on.
    """
    rows = source_rows(splits, split)
    audio = audio_column(rows.train.features, columns.audio)
    label = naming.label_column(rows.train, columns.label)
    if audio == label:
        refuse_same_column("audio", "label", label)
    column_of = {"audio": audio, "label": label}
    rows.require_columns(column_of)
    rows, labels = one_label(rows, label, kind=columns.label_kind, on_missing=on_missing)
    return LabelledAudioTable(
        **rows.facts(split),
        column_of=column_of,
        labels=labels,
        label_order=naming.class_order(rows.train, label, {name for names in labels for name in names}),
        records=concatenate_datasets([undecoded_recordings(dataset, audio) for dataset in rows.datasets.values()]),
    )
