"""From interactions to histories on disk, made once.

U users, I interactions (each user's one after the other, in order of time), C items of the catalogue.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.cache import cached_folder, digest, hash_arrays
from bakeoff.data.interactions.filters import filtered
from bakeoff.data.interactions.rule import HistorySplit, InteractionRule
from bakeoff.data.interactions.spec import FIRST
from bakeoff.data.interactions.table import InteractionTable, read_table
from bakeoff.data.prepared import Preparation, read_folder, write_folder
from bakeoff.data.sources.source import Source
from bakeoff.data.splits.splitting import Facts, Parted, Rows

UNKNOWN = 0
"""Instead of the token of an item that is not in the catalogue."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class InteractionPreparation(Preparation):
    """How a source becomes histories.

    Args:
        rule: which interactions count, and the order of those of one time.
    """

    split: Any  # a HistorySplit
    rule: InteractionRule


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedInteractions:
    """The arrays of a prepared folder.

    Tokens are `FIRST` and the item's place in the catalogue, or `UNKNOWN`. The other order is that of ties the other
    way round; its arrays are empty where it changes no test example.

    Args:
        tokens: of all interactions, shape ``(I,)``.
        starts: where each user's begin in them, shape ``(U + 1,)``.
        names: each interaction's item, a place in ``item_names``.
        train_tokens: of the interactions to learn from, and ``train_starts``.
        val: places of the interactions to validate on.
        test: places of those to test on.
        other_tokens: as ``tokens``, in the other order.
        other_test: in the other order, the place of what each test example becomes.
        catalogue: places in ``item_names`` of the items that training has, the first to come first, shape ``(C,)``.
        user_names: what users are called.
        item_names: what items are called, and ``titles`` for people.
        column_of: what the columns were called.
        notes: sentences for the report.
        num_repeats: test examples whose item the user had before.
        fingerprint: of the content in use.
    """

    tokens: NDArray[np.int32]
    starts: Rows
    names: NDArray[np.int32]
    train_tokens: NDArray[np.int32]
    train_starts: Rows
    val: Rows
    test: Rows
    other_tokens: NDArray[np.int32]
    other_test: Rows
    catalogue: NDArray[np.int32]
    user_names: NDArray[Any]
    item_names: NDArray[Any]
    titles: NDArray[Any]
    column_of: dict[str, str]
    notes: tuple[str, ...]
    num_repeats: int = 0
    fingerprint: str = ""

    leaked_rows = 0

    def users_of(self, places: Rows) -> Rows:
        """Whose interactions these are."""
        return np.searchsorted(self.starts, places, side="right") - 1


def prepare_interactions(source: Source, preparation: InteractionPreparation) -> PreparedInteractions:
    """The prepared histories, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no space or no right to write the cache.
    """
    folder = cached_folder(
        "interactions",
        preparation.key(source),
        lambda partial: write_folder(partial, dataclasses.asdict(arranged(source, preparation))),
    )
    return PreparedInteractions(**read_folder(folder))


def arranged(source: Source, preparation: InteractionPreparation) -> PreparedInteractions:
    """All of the source, filtered, in order, and split."""
    rule, split = preparation.rule, preparation.split
    table = filtered(
        read_table(
            source.load(),
            preparation.columns,
            split=split,
            on_missing=preparation.on_missing,
            rated=rule.min_rating is not None,
        ),
        rule,
    )
    order, other = _orders(table, rule)
    parted, reversed_ = (_split(table, rows, split) for rows in (order, other))
    own_test, other_test = order[parted.test], other[reversed_.test]
    if split.by == "time":  # ties of a time stay on one side: the same interactions are tested, after other histories
        place = np.empty(len(other), dtype=np.int64)
        place[other] = np.arange(len(other))
        reversed_ = Parted(reversed_.train, reversed_.val, place[own_test])
    changed = _changed(table, order, parted.test, other, reversed_.test)
    held = np.zeros(len(order), dtype=bool)
    held[parted.val], held[parted.test] = True, True
    if changed.any() and rule.other_order:
        held |= np.isin(order, np.concatenate([other_test, other[_split(table, other, split).val]]))
    return _written(table, rule, order, other, parted, reversed_.test if rule.other_order else None, held, changed)


def _orders(table: InteractionTable, rule: InteractionRule) -> tuple[Rows, Rows]:
    """The interactions by user and time, ties as configured and the other way round."""
    standing = np.arange(len(table.users))
    both = [np.lexsort((sign * standing, table.times, table.users)) for sign in (1, -1)]
    return (both[0], both[1]) if rule.ties == "first" else (both[1], both[0])


def _split(table: InteractionTable, order: Rows, split: HistorySplit) -> Parted:
    """Places in an order that are train, validation and test."""
    users = table.users[order]
    times = np.arange(len(order)) if split.by == "last" else table.times[order]
    return split.splitting.decide(Facts(parts=np.full(len(order), "train"), times=times, users=users))


def _changed(table: InteractionTable, order: Rows, test: Rows, other: Rows, other_test: Rows) -> NDArray[np.bool_]:
    """Whether the other order of ties changes what a test example asks for, or the interaction right before it."""
    asks = table.items[order[test]] != table.items[other[other_test]]
    before = table.items[order[np.maximum(test - 1, 0)]] != table.items[other[np.maximum(other_test - 1, 0)]]
    return asks | before


def _written(
    table: InteractionTable,
    rule: InteractionRule,
    order: Rows,
    other: Rows,
    parted: Parted,
    other_test: Rows | None,
    held: NDArray[np.bool_],
    changed: NDArray[np.bool_],
) -> PreparedInteractions:
    users, items = table.users[order], table.items[order]
    learnt = ~held
    learnt[np.setdiff1d(np.arange(len(order)), np.concatenate([parted.train, parted.val, parted.test]))] = False
    catalogue, first = np.unique(items[learnt], return_index=True)
    catalogue = catalogue[np.argsort(first, kind="stable")]
    token_of = np.full(len(table.item_names), UNKNOWN, dtype=np.int32)
    token_of[catalogue] = FIRST + np.arange(len(catalogue))
    num_users = len(table.user_names)
    tells = other_test is not None and bool(changed.any())
    found = PreparedInteractions(
        tokens=token_of[items],
        starts=_starts(users, num_users),
        names=items.astype(np.int32),
        train_tokens=token_of[items[learnt]],
        train_starts=_starts(users[learnt], num_users),
        val=parted.val,
        test=parted.test,
        other_tokens=token_of[table.items[other]] if tells else np.empty(0, dtype=np.int32),
        other_test=other_test if tells and other_test is not None else np.empty(0, dtype=np.int64),
        catalogue=catalogue.astype(np.int32),
        user_names=table.user_names,
        item_names=table.item_names,
        titles=table.titles,
        column_of=table.column_of,
        notes=(*table.notes, *_notes(table, rule, order, parted, token_of, changed, held)),
    )
    _, first, which = np.unique(users * len(table.item_names) + items, return_index=True, return_inverse=True)
    found = dataclasses.replace(found, num_repeats=int((first[which[parted.test]] < parted.test).sum()))
    arrays = (found.tokens, found.starts, found.train_tokens, found.train_starts, found.val, found.test)
    names = [table.item_names[catalogue].tolist(), hash_arrays(*arrays, found.other_tokens, found.other_test)]
    return dataclasses.replace(found, fingerprint=digest(names))


def _starts(users: Rows, num_users: int) -> Rows:
    return np.concatenate([[0], np.cumsum(np.bincount(users, minlength=num_users))]).astype(np.int64)


def _notes(
    table: InteractionTable,
    rule: InteractionRule,
    order: Rows,
    parted: Parted,
    token_of: NDArray[np.int32],
    changed: NDArray[np.bool_],
    held: NDArray[np.bool_],
) -> list[str]:
    """What of the test no contender can get right, and what hangs on the order of ties."""
    notes = []
    users, items, times = table.users[order], table.items[order], table.times[order]
    counts = np.bincount(users, minlength=len(table.user_names))
    single = int((counts == 1).sum())
    if single:
        notes.append(f"{single:,} of {(counts > 0).sum():,} users have one interaction.")
    lacking = int((token_of[items[parted.test]] == UNKNOWN).sum())
    if lacking:
        notes.append(f"{lacking:,} of {len(parted.test):,} test items are none of train's: no list can have them.")
    tied = (times[1:] == times[:-1])[users[1:] == users[:-1]]
    if tied.any():
        more = int(held.sum()) - len(parted.val) - len(parted.test)
        notes.append(
            f"{tied.mean():.1%} of interactions have the time of their user's one before: the one that stands "
            f"{rule.ties} in the data counts as the earlier (data.ties). The other order changes "
            f"{int(changed.sum()):,} of {len(parted.test):,} test examples."
            + (f" {more:,} interactions that it would test are not learnt from either." if more > 0 else "")
        )
    return notes
