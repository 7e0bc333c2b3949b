"""A source's splits as one table of images with a mask each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from datasets import Dataset, DatasetDict, Features, concatenate_datasets

from bakeoff.data.columns import choose_column
from bakeoff.data.image.columns import image_column, undecoded_images
from bakeoff.data.image.table import ImageTable
from bakeoff.data.masks.columns import MaskColumns
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import source_rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskTable(ImageTable):
    """All rows; ``masks`` holds the undecoded masks as ``records`` does the images, in one column, ``image``.

    ``classes`` are the values of classes by name, where the source knows them.
    """

    masks: Dataset
    classes: Mapping[str, int]


def read_table(splits: DatasetDict, columns: MaskColumns, *, split: SplitRule) -> MaskTable:
    """Find the columns, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.

    Raises:
        DataError: missing columns, an empty split or no split to train on.
    """
    rows = source_rows(splits, split)
    features = rows.train.features
    mask = choose_column("mask", columns.mask, [], features)
    others = Features({name: feature for name, feature in features.items() if name != mask})
    column_of = {"image": image_column(others, columns.image), "mask": mask}
    rows.require_columns(column_of)
    read = {
        role: concatenate_datasets([undecoded_images(dataset, column) for dataset in rows.datasets.values()])
        for role, column in column_of.items()
    }
    classes = getattr(splits, "classes", {})
    return MaskTable(
        **rows.facts(split), column_of=column_of, records=read["image"], masks=read["mask"], classes=classes
    )
