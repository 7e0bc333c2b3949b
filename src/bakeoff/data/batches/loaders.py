"""Batches of a plan, each made at once; resumable within an epoch, and the same from memory and from workers."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.batches.batch import pinned
from bakeoff.data.batches.order import EpochSampler, Share


class BatchPlan(Protocol):
    """What makes which batch: an iterable of what each batch is made from."""

    sampler: EpochSampler

    @property
    def num_examples(self) -> int:
        """Examples an epoch."""

    def share(self, share: Share) -> None:
        """From the next iteration on, yield this part of each batch."""

    def skip(self, num_batches: int) -> None:
        """Leave out the first batches of the next iteration, and of that one only."""

    def __len__(self) -> int:
        """Batches an epoch, skipped ones included."""

    def __iter__(self) -> Iterator[Any]:
        """One epoch."""


class PlannedLoader(abc.ABC):
    """Batches of a plan, each made at once.

    With ``chunk > 1`` each item is a list of up to ``chunk`` batches, so that a training loop can take several
    optimizer steps a call; the batches and their order are those of ``chunk == 1``.

    Args:
        plan: what makes which batch, such as row numbers.
        chunk: batches an item.
        positions: where in the split each row stands, in the order in which rows come; None: in the split's order.

    Attributes:
        pin_memory: hand batches over in page-locked memory, which a GPU copies while it computes.
        persistent_workers: keep worker processes from epoch to epoch, where there are any.
    """

    def __init__(self, plan: BatchPlan, *, chunk: int = 1, positions: NDArray[np.int64] | None = None) -> None:
        self._plan = plan
        self.chunk = chunk
        self.positions = positions
        self.pin_memory = False
        self.persistent_workers = False
        self._begun = 0

    @property
    def sampler(self) -> EpochSampler:
        """Where Lightning sets the epoch."""
        return self._plan.sampler

    @property
    def batch_sampler(self) -> BatchPlan:
        """Where Lightning looks whether evaluation is shuffled."""
        return self._plan

    @property
    def num_examples(self) -> int:
        """Examples an epoch."""
        return self._plan.num_examples

    @property
    def num_batches(self) -> int:
        """Batches an epoch, however they are chunked."""
        return len(self._plan)

    def set_epoch(self, epoch: int) -> None:
        """As ``loader.sampler.set_epoch``, for loops without Lightning."""
        self.sampler.set_epoch(epoch)

    def share(self, share: Share) -> None:
        """Work with several ranks: from the next iteration on, batches are this part of the plan's."""
        self._plan.share(share)

    def skip(self, num_batches: int) -> None:
        """Resume within an epoch: the next iteration leaves out this many batches (not chunks); ``len`` stays.

        Its first item is what is left of a chunk that was begun, so that all others are those of a whole epoch.
        """
        self._plan.skip(num_batches)
        self._begun = num_batches % self.chunk

    def __len__(self) -> int:
        """Items an epoch: batches, or chunks of them; what `skip` leaves out is counted."""
        return -(-len(self._plan) // self.chunk)

    def __iter__(self) -> Iterator[Any]:
        """One epoch."""
        begun, self._begun = self._begun, 0
        batches = map(pinned, self._batches()) if self.pin_memory else self._batches()
        if begun:
            yield list(itertools.islice(batches, self.chunk - begun))
        yield from chunked(batches, self.chunk)

    @abc.abstractmethod
    def _batches(self) -> Iterator[Any]:
        """The batches of one epoch, in the plan's order."""


def chunked(batches: Iterator[Any], chunk: int) -> Iterator[Any]:
    """The batches, or lists of up to ``chunk`` of them where that is above 1."""
    if chunk == 1:
        yield from batches
        return
    gathered: list[Any] = []
    for batch in batches:
        gathered.append(batch)
        if len(gathered) == chunk:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


class MadeLoader(PlannedLoader):
    """Batches that a function makes of the plan's items.

    Args:
        plan: what makes which batch, such as row numbers.
        make_batch: the batch of an item of the plan.
        chunk: batches an item.
        positions: where in the split each row stands, in the order in which rows come; None: in the split's order.
    """

    def __init__(
        self,
        plan: BatchPlan,
        make_batch: Callable[[Any], Any],
        *,
        chunk: int = 1,
        positions: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__(plan, chunk=chunk, positions=positions)
        self._make_batch = make_batch

    def _batches(self) -> Iterator[Any]:
        return (self._make_batch(item) for item in self._plan)
