"""Batches by index: no Python per example, the same batches from memory and from workers, resumable within an epoch.

N rows, B batch, C channels, H height, W width. The order of an epoch is a pure function of ``(seed, epoch)``, drawn
from a generator of its own. Lightning tells the epoch through ``loader.sampler.set_epoch``.

Measured on one thread with 28 x 28 gray images at batch 128: 3 to 4 million images a second. Gathering uint8 and
normalising the batch is faster than gathering images normalised beforehand, which are four times the bytes.
"""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from bakeoff.data.pixels import Layout
from bakeoff.data.records import decode
from bakeoff.data.splits import Rows
from bakeoff.errors import DataError

Batch: TypeAlias = "tuple[Tensor, Tensor]"

_ORDER_STREAM = 3
_EVALUATION_VALUES = 4_000_000  # pixels of one evaluation batch: 16 MB as float32
_EVALUATION_ROWS = 512


def evaluation_batch_size(batch_size: int, layout: Layout) -> int:
    """Rows a batch when nothing is learnt: up to 512, as far as 16 MB of pixels go, and never less than in training."""
    return max(batch_size, min(_EVALUATION_ROWS, _EVALUATION_VALUES // layout.num_bytes))


class EpochSampler:
    """The rows of a split in the order of one epoch.

    Args:
        rows: the split's row numbers.
        seed: with the epoch it decides the order; None keeps the order of ``rows``.
        reshuffle: draw a new order each epoch; else all epochs have that of the first.
    """

    def __init__(self, rows: Rows, *, seed: int | None, reshuffle: bool = True) -> None:
        self.rows = rows
        self.seed = seed
        self.reshuffle = reshuffle
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Take the order of this epoch from the next iteration on; Lightning calls it."""
        self.epoch = epoch

    def order(self) -> Rows:
        """All rows, shuffled for this epoch."""
        if self.seed is None:
            return self.rows
        epoch = self.epoch if self.reshuffle else 0
        return np.random.default_rng([self.seed, epoch, _ORDER_STREAM]).permutation(self.rows)

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


class Plan(Protocol):
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

    def __init__(self, plan: Plan, *, chunk: int = 1, positions: NDArray[np.int64] | None = None) -> None:
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
    def batch_sampler(self) -> Plan:
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


def pinned(batch: Any) -> Any:
    """The batch's tensors in page-locked memory, through tuples and lists."""
    if isinstance(batch, Tensor):
        return batch.pin_memory()
    return type(batch)(pinned(part) for part in batch)


class ImageLoader(PlannedLoader):
    """Batches ``(images_BCHW, labels_B)``: float32, normalised by channel, and int64.

    With ``with_labels=False`` a batch is ``images_BCHW`` alone.
    """

    def __init__(
        self,
        plan: BatchPlan,
        *,
        labels: Tensor,
        mean: Sequence[float],
        std: Sequence[float],
        chunk: int,
        with_labels: bool,
    ) -> None:
        super().__init__(plan, chunk=chunk)
        self._labels = labels
        self._mean_1C11 = 255 * torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1)
        self._scale_1C11 = 1 / (255 * torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))
        self.with_labels = with_labels

    def _batches(self) -> Iterator[Batch | Tensor]:
        return (self._finish(images_BCHW, rows) for images_BCHW, rows in self._gather())

    @abc.abstractmethod
    def _gather(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The uint8 images of each batch, and their row numbers."""

    def _finish(self, images_BCHW: Tensor, rows: Tensor) -> Batch | Tensor:
        normalised_BCHW = normalise(images_BCHW, mean_1C11=self._mean_1C11, scale_1C11=self._scale_1C11)
        return (normalised_BCHW, self._labels.index_select(0, rows)) if self.with_labels else normalised_BCHW


class MemoryLoader(ImageLoader):
    """Batches from an array of all rows, in memory or mapped from disk."""

    def __init__(
        self,
        pixels_NCHW: Tensor,
        plan: BatchPlan,
        *,
        labels: Tensor,
        mean: Sequence[float],
        std: Sequence[float],
        chunk: int = 1,
        with_labels: bool = True,
    ) -> None:
        super().__init__(plan, labels=labels, mean=mean, std=std, chunk=chunk, with_labels=with_labels)
        self._pixels_NCHW = pixels_NCHW

    def _gather(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self._plan:
            rows = torch.from_numpy(batch)
            yield self._pixels_NCHW.index_select(0, rows), rows


class WorkerLoader(ImageLoader):
    """Batches decoded as they are needed, by worker processes, for images that do not fit in memory."""

    def __init__(
        self,
        images: EncodedImages,
        plan: BatchPlan,
        *,
        labels: Tensor,
        mean: Sequence[float],
        std: Sequence[float],
        num_workers: int,
        chunk: int = 1,
        with_labels: bool = True,
    ) -> None:
        super().__init__(plan, labels=labels, mean=mean, std=std, chunk=chunk, with_labels=with_labels)
        self._images = images
        self._num_workers = num_workers

    def _gather(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self._workers)

    @cached_property
    def _workers(self) -> DataLoader:
        # batch_size=None: the plan's items, whole batches of rows, go to the data set as they are
        return DataLoader(
            self._images,
            sampler=self._plan,
            batch_size=None,
            num_workers=self._num_workers,
            persistent_workers=self.persistent_workers and self._num_workers > 0,
        )


class EncodedImages(torch.utils.data.Dataset):
    """Undecoded images by row number, read a batch at a time."""

    def __init__(self, records: Dataset, layout: Layout) -> None:
        self._records = records
        self._layout = layout

    def __len__(self) -> int:
        """Rows of all splits."""
        return len(self._records)

    def __getitem__(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """The images of these rows, uint8 ``(B, C, H, W)``, and the rows."""
        size = (self._layout.height, self._layout.width)
        records = self._records[rows.tolist()]["image"]
        images_BCHW = np.stack([decode(record, channels=self._layout.channels, size=size) for record in records])
        return torch.from_numpy(images_BCHW), torch.from_numpy(rows)


def normalise(images_BCHW: Tensor, *, mean_1C11: Tensor, scale_1C11: Tensor) -> Tensor:
    """float32 images from uint8: ``(pixel - mean) * scale``, both in units of uint8."""
    return images_BCHW.to(torch.float32).sub_(mean_1C11).mul_(scale_1C11)
