"""A source's splits as one table of images with a class each."""

from __future__ import annotations

import dataclasses

from datasets import Dataset, DatasetDict, concatenate_datasets

from bakeoff.data import columns as naming
from bakeoff.data.image.columns import ImageColumns, image_column, undecoded_images
from bakeoff.data.labels import OnMissing, one_label
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import Table, source_rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageTable(Table):
    """All rows; ``records`` holds the undecoded images in one column, ``image``."""

    noun = "image"

    records: Dataset


def read_table(
    splits: DatasetDict, columns: ImageColumns, *, split: SplitRule, on_missing: OnMissing = "error"
) -> ImageTable:
    """Find the columns, read labels and names, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.
        on_missing: what becomes of rows without a label.

    Raises:
        DataError: missing columns, unusable labels, an empty split or no split to train on.
    """
    rows = source_rows(splits, split)
    image = image_column(rows.train.features, columns.image)
    label = naming.label_column(rows.train, columns.label)
    column_of = {"image": image, "label": label}
    rows.require_columns(column_of)
    rows, labels = one_label(rows, label, kind=columns.label_kind, on_missing=on_missing)
    return ImageTable(
        **rows.facts(split),
        column_of=column_of,
        labels=labels,
        label_order=naming.class_order(rows.train, label, {name for names in labels for name in names}),
        records=concatenate_datasets([undecoded_images(dataset, image) for dataset in rows.datasets.values()]),
    )
