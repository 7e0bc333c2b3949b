"""Histories cut out of one long array of tokens: batches of them, and the pieces that training reads.

N histories, B batch, T steps, U users, W pieces of all users.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.interactions.spec import FIRST, PAD, START
from bakeoff.data.splits.splitting import Rows

_SHIFT_STREAM = 7


@dataclasses.dataclass(frozen=True)
class History:
    """What a user had, in order, as places in the catalogue; items that it lacks are left out.

    Attributes:
        user: whose it is.
        items: int64 ``(N,)``.
        masked: the places that must not be recommended.
        other: the same under the other order of ties, where that is told too.
    """

    user: str
    items: NDArray[np.int64]
    masked: NDArray[np.int64]
    other: History | None = None


class KnownTokens:
    """Tokens of items of the catalogue, found by places among all interactions.

    Args:
        tokens: of all interactions, 0 where the catalogue lacks the item.
    """

    def __init__(self, tokens: NDArray[np.int32]) -> None:
        known = tokens >= FIRST
        self.values = tokens[known]
        self.before = np.concatenate([[0], np.cumsum(known)])
        """How many stand before each place."""

    def ranges(self, firsts: Rows, ends: Rows) -> tuple[Rows, Rows]:
        """Where in ``values`` the tokens of these places begin and end."""
        return self.before[firsts], self.before[ends]


def padded(values: NDArray[np.int32], begins: Rows, ends: Rows) -> NDArray[np.int64]:
    """Ranges of an array as rows of equal length, int64 ``(B, T)``; PAD after their ends."""
    lengths = ends - begins
    steps_T = np.arange(max(int(lengths.max(initial=1)), 1))
    inside_BT = steps_T < lengths[:, None]
    if not len(values):
        return np.full(inside_BT.shape, PAD, dtype=np.int64)
    found_BT = values[np.minimum(begins[:, None] + steps_T, len(values) - 1)].astype(np.int64)
    return np.where(inside_BT, found_BT, PAD)


def last_steps(values: NDArray[np.int32], begins: Rows, ends: Rows, max_length: int) -> NDArray[np.int64]:
    """The last steps of histories, at most ``max_length``, START before those that fit as a whole, int64 ``(B, T)``."""
    fits = ends - begins < max_length
    begins = np.maximum(begins, ends - max_length)
    rows_BT = padded(values, begins, ends)
    if not fits.any():
        return rows_BT
    moved_BT = np.full((len(rows_BT), min(rows_BT.shape[1] + 1, max_length)), PAD, dtype=np.int64)
    moved_BT[~fits, : rows_BT.shape[1]] = rows_BT[~fits]
    moved_BT[fits, 0] = START
    moved_BT[fits, 1:] = rows_BT[fits][:, : moved_BT.shape[1] - 1]
    return moved_BT


class Pieces:
    """Histories in pieces of at most ``max_length`` steps, so that every item is learnt once an epoch.

    The items before a piece are not read in it. So where a history is cut moves from epoch to epoch, as far as its last
    piece has room.

    Args:
        tokens: of all histories, one after the other.
        starts: where each begins, ``(U + 1,)``.
        max_length: the most steps of a piece.
    """

    def __init__(self, tokens: NDArray[np.int32], starts: Rows, *, max_length: int) -> None:
        self._tokens = tokens
        self._starts = starts
        self._max_length = max_length
        counts_U = np.diff(starts)
        pieces_U = -(-counts_U // max_length)
        self._users_W = np.repeat(np.arange(len(counts_U)), pieces_U)
        self._numbers_W = np.arange(len(self._users_W)) - np.repeat(np.cumsum(pieces_U) - pieces_U, pieces_U)
        self._room_U = pieces_U * max_length - counts_U
        self.lengths = np.minimum(max_length, counts_U[self._users_W] - self._numbers_W * max_length)

    def __len__(self) -> int:
        """W."""
        return len(self._users_W)

    def batch(self, rows: Rows, *, seed: int, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Some pieces: the items before each step (START before a user's first), and the items to predict there.

        Returns:
            int64 ``(B, T)`` each, PAD after the end.
        """
        users = self._users_W[rows]
        firsts, ends = self._starts[users], self._starts[users + 1]
        shares_U = np.random.default_rng([seed, epoch, _SHIFT_STREAM]).random(len(self._room_U))
        begins = firsts + self._numbers_W[rows] * self._max_length
        begins -= (shares_U[users] * (self._room_U[users] + 1)).astype(np.int64)
        stops = np.minimum(begins + self._max_length, ends)
        begins = np.maximum(begins, firsts)
        targets_BT = padded(self._tokens, begins, stops)
        inputs_BT = np.roll(targets_BT, 1, axis=1)
        inputs_BT[:, 0] = np.where(begins == firsts, START, self._tokens[np.maximum(begins - 1, 0)])
        inputs_BT[targets_BT == PAD] = PAD
        return inputs_BT, targets_BT
