"""Which rows make which batch: an order for each epoch, cut into batches, shared between processes.

The order of an epoch is a pure function of ``(seed, epoch)``, drawn from a generator of its own. Lightning tells the
epoch through ``loader.sampler.set_epoch``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError

Sampler: TypeAlias = Literal["shuffled", "balanced"]
SAMPLERS: tuple[Sampler, ...] = ("shuffled", "balanced")
_ORDER_STREAM = 3


class EpochSampler:
    """The rows of a split in the order of one epoch.

    Args:
        rows: the split's row numbers.
        seed: with the epoch it decides the order; None keeps the order of ``rows``.
        reshuffle: draw a new order each epoch; else all epochs have that of the first.
        classes: of each row; with it, an epoch has as many rows as there are, of each class equally many: rows of a
            rare one again and again, each as often as the others of it but for one time.
    """

    def __init__(
        self, rows: Rows, *, seed: int | None, reshuffle: bool = True, classes: NDArray[np.int64] | None = None
    ) -> None:
        self.rows = rows
        self.seed = seed
        self.reshuffle = reshuffle
        self.classes = classes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Take the order of this epoch from the next iteration on; Lightning calls it."""
        self.epoch = epoch

    def order(self) -> Rows:
        """All rows, shuffled for this epoch."""
        if self.seed is None:
            return self.rows
        epoch = self.epoch if self.reshuffle else 0
        rng = np.random.default_rng([self.seed, epoch, _ORDER_STREAM])
        return rng.permutation(self.rows if self.classes is None else self._balanced(rng, self.classes))

    def _balanced(self, rng: np.random.Generator, classes: NDArray[np.int64]) -> Rows:
        """Equally many rows of each class, each gone through as often as it takes."""
        kinds = rng.permutation(np.unique(classes))
        picked = []
        for place, kind in enumerate(kinds):
            own = self.rows[classes == kind]
            count = len(self.rows) // len(kinds) + (place < len(self.rows) % len(kinds))
            rounds = [rng.permutation(own) for _ in range(-(-count // len(own)))]
            picked.append(np.concatenate(rounds)[:count])
        return np.concatenate(picked)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)


class Share:
    """The part of each batch that one of several processes that train together (a rank) works on.

    The batch is the same whatever the number of ranks, R: rank r takes its rows r, r + R, r + 2 R and so on. So ranks
    have as many rows as each other, or one more, and in batches sorted by length they have like lengths.

    Args:
        rank: which one, from 0.
        num_ranks: R.
    """

    def __init__(self, rank: int = 0, num_ranks: int = 1) -> None:
        self.rank = rank
        self.num_ranks = num_ranks

    def of(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The rank's rows of a batch: entries of its first axis."""
        return rows if self.num_ranks == 1 else rows[self.rank :: self.num_ranks]

    def require(self, num_rows: int) -> None:
        """Refuses batches of which some rank would have nothing: the others would wait for it.

        Raises:
            DataError: there are fewer rows than ranks.
        """
        if num_rows < self.num_ranks:
            problem = f"the data has {num_rows:,} rows side by side, too few for {self.num_ranks} processes"
            next_step = "fewer devices, or a larger split"
            raise DataError("data.too_few_rows", "trainer.devices", self.num_ranks, problem, next_step=next_step)


class BatchPlan:
    """Which rows make which batch; serves as the ``sampler`` of an unbatched ``DataLoader`` too.

    Args:
        sampler: the order of the rows.
        batch_size: rows a batch, those of all ranks together; the last batch may be smaller.
        drop_single: leave out a last batch of one row (batch normalisation cannot train on it), and with several ranks
            one that has no row for each. Without it such rows go to the batch before.
    """

    def __init__(self, sampler: EpochSampler, *, batch_size: int, drop_single: bool) -> None:
        self.sampler = sampler
        self.batch_size = batch_size
        self._drop_single = drop_single
        self._share = Share()
        self._skipped = 0

    @property
    def num_examples(self) -> int:
        """Rows an epoch, those of all ranks together."""
        num_rows = len(self.sampler)
        rest = num_rows % self.batch_size
        dropped = self._drop_single and self.batch_size > 1 and rest < max(2, self._share.num_ranks)
        return num_rows - rest if dropped else num_rows

    def share(self, share: Share) -> None:
        """From the next iteration on, yield this part of each batch."""
        share.require(len(self.sampler))
        self._share = share

    def skip(self, num_batches: int) -> None:
        """Leave out the first batches of the next iteration, and of that one only."""
        self._skipped = num_batches

    def __len__(self) -> int:
        """Batches an epoch, skipped ones included; the same for all ranks."""
        return len(self._cuts()) - 1

    def __iter__(self) -> Iterator[Rows]:
        """Row numbers, batch by batch."""
        first, self._skipped = self._skipped, 0
        rows = self.sampler.order()
        for start, stop in itertools.pairwise(self._cuts()[first:]):
            yield self._share.of(rows[start:stop])

    def _cuts(self) -> list[int]:
        """Where batches begin, and where the last one ends."""
        num_rows = self.num_examples
        starts = list(range(0, num_rows, self.batch_size))
        if len(starts) > 1 and num_rows - starts[-1] < self._share.num_ranks:
            starts.pop()
        return [*starts, num_rows]
