"""A source's splits as one table of rows: what all kinds of rows have: split, group and a stable name."""

from __future__ import annotations

import numpy as np
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from bakeoff.data import columns as naming
from bakeoff.data.splits.columns import split_by_column
from bakeoff.data.splits.drawing import SplitRule, canonical_split
from bakeoff.errors import DataError

EXAMPLE_COLUMN = "__example__"
"""A source may name its rows (say, by file) in a column of this name; else a row is called ``split/number``."""


def named_splits(splits: DatasetDict, rule: SplitRule) -> dict[str, Dataset]:
    """The splits by their canonical names, train first; a lone split of any name is what the others come from.

    Raises:
        DataError: no split to train on, an empty one, or a column that parts what is parted already.
    """
    if len(splits) == 1:
        named = {"train": next(iter(splits.values()))}
    else:
        named = {part: data for name, data in splits.items() if (part := canonical_split(str(name)))}
    if rule.column or rule.time:
        named = _parted(named, rule)
    if "train" not in named:
        problem = f"there is no train split among {', '.join(map(str, named if rule.column else splits))}"
        key = "data.split.column" if rule.column else "data.path"
        raise DataError("data.no_train_split", key, rule.column, problem, next_step="name one split train")
    for part, dataset in named.items():
        if not len(dataset):
            raise DataError("data.empty_split", "data.path", None, f"the {part} split has no rows")
    return {part: named[part] for part in ("train", "val", "test") if part in named}


def _parted(named: dict[str, Dataset], rule: SplitRule) -> dict[str, Dataset]:
    """The rows of a lone split by a column of theirs, each still called as in the whole."""
    if list(named) != ["train"]:
        key, value = ("data.split.column", rule.column) if rule.column else ("data.split.time", rule.time)
        problem = f"the source gives splits already ({', '.join(named)})"
        raise DataError("data.splits_given", key, value, problem, next_step=f"leave {key} out")
    rows = named["train"]
    examples = example_names("train", rows)
    if EXAMPLE_COLUMN not in rows.column_names:
        rows = rows.add_column(EXAMPLE_COLUMN, examples)
    return split_by_column(rows, rule, examples=examples)


def example_names(part: str, dataset: Dataset) -> list[str]:
    """What the source calls its rows, else the split and a number."""
    if EXAMPLE_COLUMN in dataset.column_names:
        return dataset.select_columns([EXAMPLE_COLUMN])[:][EXAMPLE_COLUMN]
    return [f"{part}/{row}" for row in range(len(dataset))]


def group_numbers(named: dict[str, Dataset], group: str | None) -> NDArray[np.int64] | None:
    """The group of each row of all splits; None without a group column."""
    if group is None:
        return None
    names = [name for dataset in named.values() for name in naming.group_codes(dataset, group)]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
