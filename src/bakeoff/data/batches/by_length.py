"""What data of rows of different lengths has in common: loaders whose batches hold similar lengths."""

from __future__ import annotations

import abc
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.batches.buckets import BucketedPlan, evaluation_plan
from bakeoff.data.batches.loaders import MadeLoader
from bakeoff.data.batches.order import EpochSampler
from bakeoff.data.contract import Split
from bakeoff.data.split_data import AnySpec, SplitData
from bakeoff.data.splits.splitting import Rows


class BatchedByLength(SplitData[AnySpec]):
    """Rows that say how long they are, and are made into batches by their numbers."""

    @abc.abstractmethod
    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        """Steps of every row that a split's numbers may name, of its targets too unless ``inputs_only``."""

    @abc.abstractmethod
    def _inputs(self, split: Split, rows: Rows) -> Tree:
        """The inputs of some rows, padded to the longest."""

    @abc.abstractmethod
    def _batch(self, split: Split, rows: Rows) -> Batch:
        """The inputs of some rows, and their targets."""

    def _classes_to_balance(self, rows: Rows) -> NDArray[np.int64] | None:
        """The class of each train row, where an epoch is to have equally many of each; None: an epoch is all rows."""
        return None

    def train_dataloader(self) -> MadeLoader:
        """By length and ``(seed, epoch)``; a last batch of one example is left out."""
        return MadeLoader(self._training_plan(), partial(self._batch, "train"), chunk=self.chunk)

    def val_dataloader(self) -> MadeLoader:
        """In a fixed order, shortest first, every example."""
        return self._evaluation("val", self._batch)

    def predict_dataloader(self, split: Split = "test") -> MadeLoader:
        """The inputs alone, shortest first; ``positions`` leads back to the order of ``labels(split)``."""
        return self._evaluation(split, self._inputs, inputs_only=True)

    def padding_waste(self, epoch: int = 0) -> float:
        """The share of an epoch's training steps that are padding."""
        plan = self._training_plan()
        plan.sampler.set_epoch(epoch)
        return plan.padding_waste()

    def _training_plan(self) -> BucketedPlan:
        rows = self._split_rows("train")
        sampler = EpochSampler(rows, seed=self.seed, classes=self._classes_to_balance(rows))
        return BucketedPlan(sampler, lengths=self._lengths("train"), batch_size=self.batch_size, drop_single=True)

    def _evaluation(
        self, split: Split, make: Callable[[Split, Rows], Tree], *, inputs_only: bool = False
    ) -> MadeLoader:
        rows = self._split_rows(split)
        lengths = self._lengths(split, inputs_only=inputs_only)[rows]
        plan, positions = evaluation_plan(rows, lengths, batch_size=self.batch_size)
        return MadeLoader(plan, partial(make, split), positions=positions)
