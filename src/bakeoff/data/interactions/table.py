"""A source's rows as interactions: users and items by number, times, ratings.

I interactions, in the order of the source.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray

from bakeoff.data.interactions.columns import ROLES, InteractionColumns, find_columns, numbered, numbers, texts
from bakeoff.data.interactions.rule import HistorySplit
from bakeoff.data.labels import OnMissing
from bakeoff.data.splits.reading import read_times
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError


@dataclasses.dataclass(frozen=True, kw_only=True)
class InteractionTable:
    """Who took what and when.

    Args:
        users: the user of each interaction, by number.
        items: its item, by number.
        times: numbers or ``datetime64``.
        ratings: NaN where there is none; None where the data has no such column.
        user_names: what users are called.
        item_names: what items are called.
        titles: what people call them.
        column_of: what the columns are called, by what they hold.
        notes: sentences for the report.
    """

    users: Rows
    items: Rows
    times: NDArray[Any]
    ratings: NDArray[np.float64] | None
    user_names: NDArray[Any]
    item_names: NDArray[Any]
    titles: NDArray[Any]
    column_of: dict[str, str]
    notes: tuple[str, ...] = ()

    def selected(self, rows: Rows, *notes: str) -> InteractionTable:
        """Some of the interactions, in this order."""
        ratings = None if self.ratings is None else self.ratings[rows]
        return dataclasses.replace(
            self,
            users=self.users[rows],
            items=self.items[rows],
            times=self.times[rows],
            ratings=ratings,
            notes=(*self.notes, *notes),
        )


def read_table(
    splits: DatasetDict,
    columns: InteractionColumns,
    *,
    split: HistorySplit,
    on_missing: OnMissing = "error",
    rated: bool = False,
) -> InteractionTable:
    """All interactions of a source, which gives them in one piece.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how histories are split; it asks nothing of the rows here.
        on_missing: what becomes of rows without user, item or time.
        rated: whether ratings are needed.

    Raises:
        DataError: missing columns, rows that lack something, times that can't be read, no rows.
    """
    rows, notes = next(iter(splits.values())), tuple(getattr(splits, "notes", ()))
    column_of = find_columns(rows, columns, rated=rated)
    rows, dropped = _complete(rows, column_of, on_missing)
    users, user_names = numbered(texts(rows, column_of["user"]))
    items, item_names = numbered(texts(rows, column_of["item"]))
    names = rows[EXAMPLE_COLUMN] if EXAMPLE_COLUMN in rows.column_names else range(len(rows))
    return InteractionTable(
        users=users,
        items=items,
        times=read_times(texts(rows, column_of["time"]).to_pandas(), column_of["time"], names, "data.columns.time"),
        ratings=numbers(rows, column_of["rating"], role="rating") if "rating" in column_of else None,
        user_names=user_names,
        item_names=item_names,
        titles=_titles(rows, column_of, items, item_names),
        column_of=column_of,
        notes=(*notes, *dropped),
    )


def _complete(rows: Dataset, column_of: dict[str, str], on_missing: OnMissing) -> tuple[Dataset, list[str]]:
    """The rows that say who, what and when.

    Raises:
        DataError: some do not and ``on_missing`` is ``error``, or none does.
    """
    complete = np.ones(len(rows), dtype=bool)
    for role in ROLES:
        known = texts(rows, column_of[role]).is_valid().to_numpy(zero_copy_only=False)
        if not known.all() and on_missing == "error":
            first = int(np.flatnonzero(~known)[0])
            name = rows[first].get(EXAMPLE_COLUMN, f"row {first}")
            problem = f"{int((~known).sum()):,} of {len(rows):,} rows have no {role} (first: {name})"
            step = "fill them in, or leave them out with data.on_missing=drop"
            key = f"data.columns.{role}"
            raise DataError(f"data.missing_{role}", key, column_of[role], problem, next_step=step)
        complete &= known
    if not complete.any():
        raise DataError("data.empty_split", "data.file", None, "no row has a user, an item and a time")
    if complete.all():
        return rows, []
    note = f"{int((~complete).sum()):,} rows without user, item or time were dropped (data.on_missing)."
    return rows.select(np.flatnonzero(complete)), [note]


def _titles(rows: Dataset, column_of: dict[str, str], items: Rows, names: NDArray[Any]) -> NDArray[Any]:
    """The first title of each item, its name where it has none."""
    if "title" not in column_of:
        return names
    _, first = np.unique(items, return_index=True)
    written = pc.fill_null(texts(rows, column_of["title"]), "").to_pylist()
    return np.array([written[row] or str(name) for row, name in zip(first.tolist(), names, strict=True)])
