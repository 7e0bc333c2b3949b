"""A source's splits as one table of rows: image record, class, split, group and a stable name a row."""

from __future__ import annotations

import dataclasses

import numpy as np
from datasets import Dataset, DatasetDict, concatenate_datasets
from numpy.typing import NDArray

from bakeoff.data import columns as naming
from bakeoff.data.image.columns import Columns, image_column, undecoded_images
from bakeoff.data.splits.drawing import SplitRule
from bakeoff.data.table import example_names, group_numbers, named_splits
from bakeoff.errors import DataError


@dataclasses.dataclass(frozen=True)
class ImageTable:
    """All rows of all splits, in the order of the source.

    ``records`` holds the undecoded images in one column, ``image``. ``parts`` holds ``train``, ``val`` or ``test`` for
    each row; those of a source without given splits are all ``train``. ``class_order`` numbers the classes of train.
    """

    records: Dataset
    classes: list[str]
    class_order: tuple[str, ...]
    parts: NDArray[np.str_]
    groups: NDArray[np.int64] | None
    examples: list[str]


def read_table(splits: DatasetDict, columns: Columns, *, split: SplitRule) -> ImageTable:
    """Find the columns, read labels and names, and put the splits one after another.

    Raises:
        DataError: missing columns, unusable labels, an empty split or no split to train on.
    """
    named = named_splits(splits, split)
    train = named["train"]
    image = image_column(train.features, columns.image)
    label = naming.label_column(train.features, columns.label)
    examples = {part: example_names(part, dataset) for part, dataset in named.items()}
    classes = {part: _classes(part, named[part], label, examples[part]) for part in named}
    return ImageTable(
        records=concatenate_datasets([undecoded_images(dataset, image) for dataset in named.values()]),
        classes=[name for part in named for name in classes[part]],
        class_order=naming.class_order(train, label, classes["train"]),
        parts=np.concatenate([np.full(len(dataset), part) for part, dataset in named.items()]),
        groups=group_numbers(named, split.group),
        examples=[name for part in named for name in examples[part]],
    )


def _classes(part: str, dataset: Dataset, label: str, examples: list[str]) -> list[str]:
    if label not in dataset.features:
        problem = f"the {part} split lacks this column"
        raise DataError("data.missing_column", "data.columns.label", label, problem, allowed=dataset.column_names)
    return naming.class_names_by_row(dataset, label, examples=examples)
