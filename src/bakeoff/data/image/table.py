"""A source's splits as one table of images with a class each."""

from __future__ import annotations

import dataclasses

from datasets import Dataset, DatasetDict, concatenate_datasets

from bakeoff.data import columns as naming
from bakeoff.data.image.columns import ImageColumns, image_column, undecoded_images
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import Table, source_rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageTable(Table):
    """All rows; ``records`` holds the undecoded images in one column, ``image``."""

    records: Dataset


def read_table(splits: DatasetDict, columns: ImageColumns, *, split: SplitRule) -> ImageTable:
    """Find the columns, read labels and names, and put the splits one after another.

    Raises:
        DataError: missing columns, unusable labels, an empty split or no split to train on.
    """
    rows = source_rows(splits, split)
    image = image_column(rows.train.features, columns.image)
    label = naming.label_column(rows.train.features, columns.label)
    column_of = {"image": image, "label": label}
    rows.require_columns(column_of)
    classes = {
        part: naming.class_names_by_row(dataset, label, examples=rows.examples[part])
        for part, dataset in rows.datasets.items()
    }
    return ImageTable(
        **rows.facts(split),
        column_of=column_of,
        labels=[[name] for names in classes.values() for name in names],
        label_order=naming.class_order(rows.train, label, classes["train"]),
        records=concatenate_datasets([undecoded_images(dataset, image) for dataset in rows.datasets.values()]),
    )
