"""Batches of rows of similar length, so that little of a padded batch is padding.

Rows are shuffled, then sorted by length within windows of many batches, then cut into batches whose order is shuffled:
batches hold similar lengths, and yet nearly any row can meet any other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.batches.order import BatchPlan, EpochSampler
from bakeoff.data.splits.splitting import Rows

_BATCHES_A_WINDOW = 50
_BATCH_STREAM = 5
_EVALUATION_STEPS = 65_536
_EVALUATION_ROWS = 256


class BucketedPlan(BatchPlan):
    """As `BatchPlan`, with rows of similar length in each batch; a smaller batch is the last.

    Args:
        sampler: the order of the rows before sorting.
        lengths: of every row of the data, indexed by row number.
        batch_size: rows a batch.
        drop_single: leave out a last batch of one row.
    """

    def __init__(self, sampler: EpochSampler, *, lengths: Rows, batch_size: int, drop_single: bool) -> None:
        super().__init__(sampler, batch_size=batch_size, drop_single=drop_single)
        self._lengths = lengths

    def __iter__(self) -> Iterator[Rows]:
        """Row numbers, batch by batch."""
        first, self._skipped = self._skipped, 0
        for batch in self.batches()[first:]:
            yield self._share.of(batch)

    def batches(self) -> list[Rows]:
        """All batches of the sampler's epoch, those of all ranks together."""
        rows, size = self.sampler.order()[: self.num_examples], self.batch_size
        window = _BATCHES_A_WINDOW * size
        windows = [rows[start : start + window] for start in range(0, len(rows), window)]
        ordered = [part[np.argsort(self._lengths[part], kind="stable")] for part in windows]
        batches = [part[start : start + size] for part in ordered for start in range(0, len(part), size)]
        num_full = len(rows) // size
        rng = np.random.default_rng([self.sampler.seed or 0, self.sampler.epoch, _BATCH_STREAM])
        return [batches[index] for index in rng.permutation(num_full)] + batches[num_full:]

    def padding_waste(self) -> float:
        """The share of an epoch's tokens that are padding."""
        lengths = [self._lengths[rows] for rows in self.batches()]
        return 1 - sum(int(part.sum()) for part in lengths) / sum(int(part.max()) * len(part) for part in lengths)


def evaluation_plan(rows: Rows, lengths: Rows, *, batch_size: int) -> tuple[BatchPlan, NDArray[np.int64]]:
    """Every row once, shortest first, and where in ``rows`` each one stands.

    Args:
        rows: the split's row numbers.
        lengths: of each of these rows.
        batch_size: that of training; batches are larger, as far as 65,536 tokens of the longest text go.
    """
    positions = np.argsort(lengths, kind="stable")
    fitting = _EVALUATION_STEPS // max(1, int(lengths.max(initial=1)))
    size = max(batch_size, min(_EVALUATION_ROWS, fitting))
    return BatchPlan(EpochSampler(rows[positions], seed=None), batch_size=size, drop_single=False), positions
