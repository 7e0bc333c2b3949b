"""Interactions that count: rated high enough, once, of users and items with enough of them.

I interactions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.interactions.rule import InteractionRule
from bakeoff.data.interactions.table import InteractionTable
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError


def filtered(table: InteractionTable, rule: InteractionRule) -> InteractionTable:
    """The interactions that count, in their order, with a note on all that do not.

    Raises:
        DataError: none is left.
    """
    steps = (_rated, _copies, _repeats, _core)
    for step in steps:
        kept, key, why = step(table, rule)
        if not kept.any():
            problem = f"leaves none of {len(kept):,} interactions"
            value = getattr(rule, key, None)
            raise DataError("data.empty_split", f"data.{key}", value, problem, next_step="a lower number")
        if not kept.all():
            left_out = int((~kept).sum())
            table = table.selected(np.flatnonzero(kept), f"{left_out:,} interactions {why}.")
    return table


Step = tuple[NDArray[np.bool_], str, str]
"""What is kept, the setting that decides, and what the rest is."""


def _rated(table: InteractionTable, rule: InteractionRule) -> Step:
    if rule.min_rating is None or table.ratings is None:
        return np.ones(len(table.users), dtype=bool), "min_rating", ""
    return table.ratings >= rule.min_rating, "min_rating", f"rated below {rule.min_rating:g} are left out"


def _copies(table: InteractionTable, rule: InteractionRule) -> Step:
    """The same user, item and time again is the same event written twice."""
    order = np.lexsort((np.arange(len(table.users)), table.times, table.items, table.users))
    same = _same(order, table.users, table.items, table.times)
    return _without(order[1:][same], len(order)), "repeats", "stand there twice, at the same time; each counts once"


def _repeats(table: InteractionTable, rule: InteractionRule) -> Step:
    why = "with an item that the user had before are left out (data.repeats)"
    if rule.repeats == "keep":
        return np.ones(len(table.users), dtype=bool), "repeats", why
    standing = np.arange(len(table.users)) * (1 if rule.ties == "first" else -1)
    order = np.lexsort((standing, table.times, table.items, table.users))
    return _without(order[1:][_same(order, table.users, table.items)], len(order)), "repeats", why


def _core(table: InteractionTable, rule: InteractionRule) -> Step:
    """Users and items with too few are left out, again and again, until all that are left have enough."""
    kept = np.ones(len(table.users), dtype=bool)
    for one in _rounds(table, rule):
        kept = one
    parts = [f"{rule.min_of_user} of a user"] * (rule.min_of_user > 1)
    parts += [f"{rule.min_of_item} of an item"] * (rule.min_of_item > 1)
    key = "min_of_user" if rule.min_of_user >= rule.min_of_item else "min_of_item"
    return kept, key, f"are left out, since fewer than {' or '.join(parts)} would be left"


def _rounds(table: InteractionTable, rule: InteractionRule) -> Iterator[NDArray[np.bool_]]:
    kept, before = np.ones(len(table.users), dtype=bool), -1
    while kept.sum() != before:
        before = int(kept.sum())
        for codes, fewest in ((table.users, rule.min_of_user), (table.items, rule.min_of_item)):
            counts = np.bincount(codes[kept], minlength=int(codes.max(initial=0)) + 1)
            kept = kept & (counts[codes] >= fewest)
        yield kept


def _same(order: Rows, *columns: NDArray) -> NDArray[np.bool_]:
    """Whether each row but the first equals the one before it."""
    return np.logical_and.reduce([column[order][1:] == column[order][:-1] for column in columns])


def _without(rows: Rows, count: int) -> NDArray[np.bool_]:
    kept = np.ones(count, dtype=bool)
    kept[rows] = False
    return kept
