"""A source's splits as one table of images with boxes.

M boxes, N images.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, concatenate_datasets
from numpy.typing import NDArray

from bakeoff.data.boxes.columns import BoxColumns
from bakeoff.data.columns import choose_column
from bakeoff.data.image.columns import image_column, undecoded_images
from bakeoff.data.image.table import ImageTable
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import source_rows
from bakeoff.errors import DataError

_SIDES = ("height", "width")
_CROWD = ("iscrowd", "is_crowd", "crowd")
_AREA = ("area", "areas")


@dataclasses.dataclass(frozen=True)
class Annotations:
    """Boxes as the source has them, one image's after the other's.

    Attributes:
        counts_N: boxes of each image.
        boxes_M4: four numbers, of whatever they are.
        categories: names or numbers.
        crowd_M: whether it is around many things that are not told apart.
        areas_M: of what is in the box; nan where that is not said.
        names: of all categories, in their order; empty where the source does not say.
        sizes_N2: height and width of each image as its objects were drawn; 0 where that is not said.
    """

    counts_N: NDArray[np.int64]
    boxes_M4: NDArray[np.float64]
    categories: list[Any]
    crowd_M: NDArray[np.bool_]
    areas_M: NDArray[np.float64]
    names: tuple[str, ...]
    sizes_N2: NDArray[np.int64]

    @property
    def rows_M(self) -> NDArray[np.int64]:
        """The row of each box."""
        return np.repeat(np.arange(len(self.counts_N)), self.counts_N)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoxTable(ImageTable):
    """All rows; ``found`` are the boxes of ``records``."""

    found: Annotations


def read_table(splits: DatasetDict, columns: BoxColumns, *, split: SplitRule) -> BoxTable:
    """Find the columns, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.

    Raises:
        DataError: missing columns, boxes that are not four numbers, an empty split or no split to train on.
    """
    rows = source_rows(splits, split)
    features = rows.train.features
    objects = choose_column("objects", columns.objects, _records_of_lists(features), features)
    others = Features({name: feature for name, feature in features.items() if name != objects})
    column_of = {"image": image_column(others, columns.image), "objects": objects}
    rows.require_columns(column_of)
    inner = fields_of(features[objects])
    fields = {
        "box": choose_column("box", columns.box, [], inner),
        "category": choose_column("category", columns.category, [], inner),
    }
    read = [_read(dataset, objects, fields, rows.examples[part]) for part, dataset in rows.datasets.items()]
    records = [undecoded_images(dataset, column_of["image"]) for dataset in rows.datasets.values()]
    if _has_sizes(rows.train):
        column_of |= {side: side for side in _SIDES}
    return BoxTable(
        **rows.facts(split), column_of=column_of, records=concatenate_datasets(records), found=_joined(read)
    )


def fields_of(feature: Any) -> Features:
    """What each object has, of a column of records of lists or of lists of records; empty for another."""
    inner = feature.feature if isinstance(feature, List) else feature
    if not isinstance(inner, dict):
        return Features()
    lists = not isinstance(feature, List)
    return Features({name: one.feature if lists and isinstance(one, List) else one for name, one in inner.items()})


def _records_of_lists(features: Features) -> list[str]:
    return [name for name, feature in features.items() if len(fields_of(feature)) > 1]


def _read(dataset: Dataset, column: str, fields: Mapping[str, str], examples: Sequence[str]) -> Annotations:
    inner = fields_of(dataset.features[column])
    records = [_lists(value, inner) for value in dataset.select_columns([column])[:][column]]
    counts_N = np.array([len(record[fields["box"]]) for record in records], dtype=np.int64)
    for example, record, count in zip(examples, records, counts_N, strict=True):
        _require_fours(record[fields["box"]], example)
        if len(record[fields["category"]]) != count:
            problem = f"{example} has {count} boxes and {len(record[fields['category']])} categories"
            raise DataError("data.objects", "data.columns.objects", column, problem, next_step="give each box one")
    flat = {name: [value for record in records for value in record[name]] for name in inner}
    feature, categories = inner[fields["category"]], flat[fields["category"]]
    names: tuple[str, ...] = ()
    if isinstance(feature, ClassLabel):
        names = tuple(feature.names)
        categories = [names[value] if value in range(len(names)) else value for value in categories]
    crowd, area = (next((name for name in usual if name in inner), None) for usual in (_CROWD, _AREA))
    return Annotations(
        counts_N,
        np.array(flat[fields["box"]], dtype=np.float64).reshape(-1, 4),
        categories,
        np.array([bool(value) for value in flat[crowd]] if crowd else np.zeros(counts_N.sum()), dtype=bool),
        np.array([np.nan if v is None else v for v in flat[area]] if area else np.full(counts_N.sum(), np.nan)),
        names,
        _sizes(dataset),
    )


def _lists(value: Any, inner: Iterable[str]) -> dict[str, list[Any]]:
    """An image's objects as a record of lists."""
    if isinstance(value, list):
        return {name: [one.get(name) for one in value] for name in inner}
    return {name: list((value or {}).get(name) or ()) for name in inner}


def _require_fours(boxes: Sequence[Any], example: str) -> None:
    for box in boxes:
        if not isinstance(box, list | tuple) or len(box) != 4 or any(edge is None for edge in box):
            problem = f"{example} has a box of {box}"
            raise DataError("data.box_form", "data.columns.box", None, problem, allowed="four numbers")


def _has_sizes(dataset: Dataset) -> bool:
    return set(_SIDES) <= set(dataset.column_names)


def _sizes(dataset: Dataset) -> NDArray[np.int64]:
    if not _has_sizes(dataset):
        return np.zeros((len(dataset), 2), dtype=np.int64)
    columns = dataset.select_columns(list(_SIDES))[:]
    return np.array([[value or 0 for value in columns[side]] for side in _SIDES], dtype=np.int64).T


def _joined(parts: Sequence[Annotations]) -> Annotations:
    return Annotations(
        np.concatenate([part.counts_N for part in parts]),
        np.concatenate([part.boxes_M4 for part in parts]),
        [category for part in parts for category in part.categories],
        np.concatenate([part.crowd_M for part in parts]),
        np.concatenate([part.areas_M for part in parts]),
        parts[0].names,
        np.concatenate([part.sizes_N2 for part in parts]),
    )
