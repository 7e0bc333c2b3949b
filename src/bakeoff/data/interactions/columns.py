"""Which columns hold users, items, times, ratings and titles, and how they are read.

I interactions, in the order of the source.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset
from numpy.typing import NDArray

from bakeoff.data.columns import choose_column
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError

ROLES = ("user", "item", "time")


@dataclasses.dataclass(frozen=True)
class InteractionColumns:
    """The names of the columns.

    Args:
        user: who; null finds the one called user, userId, user_id or the like.
        item: what; null finds the one called item, itemId, movieId, product_id or the like.
        time: when, numbers or dates; null finds the one called time, timestamp or date.
        rating: a number, for ``data.min_rating``; null finds the one called rating, stars or score where it is needed.
        title: what people call an item; null: its name in the column of items.
    """

    user: str | None = None
    item: str | None = None
    time: str | None = None
    rating: str | None = None
    title: str | None = None


def find_columns(rows: Dataset, columns: InteractionColumns, *, rated: bool) -> dict[str, str]:
    """What each column is called, by what it holds.

    Args:
        rows: of the source.
        columns: as they were named.
        rated: whether ratings are needed.

    Raises:
        DataError: there is no such column, or several may be meant.
    """
    wanted = [role for role in ROLES if getattr(columns, role) is None]
    found = {role: choose_column(role, getattr(columns, role), [], rows.features) for role in ROLES}
    if rated or columns.rating is not None:
        found["rating"] = choose_column("rating", columns.rating, [], rows.features)
    if columns.title is not None:
        found["title"] = choose_column("title", columns.title, [], rows.features)
    roles = {name: role for role, name in found.items()}
    if len(roles) < len(found):
        role, name = next((role, name) for role, name in found.items() if roles[name] != role)
        problem = f"the same column is to hold the {role} and the {roles[name]}"
        step = f"name another one: data.columns.{role if role in wanted else roles[name]}=COLUMN"
        raise DataError("data.same_column", f"data.columns.{role}", name, problem, next_step=step)
    return found


def texts(rows: Dataset, column: str) -> pa.Array:
    """A column as texts without spaces around them; null where there is nothing. Whole numbers stay whole."""
    values = _joined(rows, column)
    if pa.types.is_floating(values.type) and pc.all(pc.equal(values, pc.round(values))).as_py():
        values = values.cast(pa.int64())
    written = pc.utf8_trim_whitespace(values.cast(pa.string()))
    return pc.if_else(pc.equal(written, ""), pa.scalar(None, pa.string()), written)


def numbered(names: pa.Array) -> tuple[Rows, NDArray[Any]]:
    """Each row's number, from 0 in the order in which names come first, and the names in that order."""
    found = names.dictionary_encode()
    return found.indices.to_numpy(zero_copy_only=False).astype(np.int64), np.asarray(found.dictionary.to_pylist())


def numbers(rows: Dataset, column: str, *, role: str) -> NDArray[np.float64]:
    """A column of numbers; NaN where there is none.

    Raises:
        DataError: a value that is no number.
    """
    values = texts(rows, column)
    found = pd.to_numeric(values.to_pandas(), errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(np.isnan(found) & values.is_valid().to_numpy(zero_copy_only=False))
    if len(wrong):
        problem = f"{len(wrong):,} values are no numbers, such as {values[int(wrong[0])].as_py()!r}"
        raise DataError("data.no_number", f"data.columns.{role}", column, problem, allowed="numbers")
    return found


def _joined(rows: Dataset, column: str) -> pa.Array:
    table = rows.with_format("arrow")[:]
    return table.column(column).combine_chunks()
