"""Probes as a Lightning data module: made on the spot, the same for every trial."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.by_length import BatchedByLength
from bakeoff.data.cache import hash_arrays
from bakeoff.data.checks import require_positive
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.probes.problem import Examples, Problem
from bakeoff.data.probes.spec import ProbeSpec
from bakeoff.data.spec import Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError
from bakeoff.ranges import Count, Seed, WholeNumber
from bakeoff.tables import table_of

_POOL_STREAM, _TEST_STREAM, _VAL_STREAM = 11, 12, 2
_SHOWN_STEPS = 60


class ProbeData(BatchedByLength[ProbeSpec]):
    """Sequences made by a rule, with the answer that the rule gives.

    One batch of parity, ``batch_size=2``::

        tokens_BT  int64 (2, 4)    [[1, 2, 2, 1],      a b b a
                                    [2, 0, 0, 0]]      b, and padding
        targets_B  int64 (2,)      [0, 1]

    Batches hold similar lengths. Test examples come from a random stream of their own; examples that are in test too
    are left out of training. The validation split is drawn from those that occur once, by the trial's seed.

    Args:
        name: what the data is called in tables and reports.
        problem: the rule.
        num_train: training examples.
        num_val: validation examples.
        num_test: test examples.
        generator_seed: what all examples are drawn from; the same for all trials.
        batch_size: training examples an optimizer step; evaluation uses larger batches.
        chunk: batches an item of the training loader.
        seed: the trial's seed: validation split and the order of training.

    Raises:
        ConfigError: a number of examples below 1.
        DataError: on `setup`, too few different examples to validate on.
    """

    spec_class = ProbeSpec
    noun = "sequence"

    def __init__(
        self,
        *,
        name: str,
        problem: Problem,
        num_train: Count,
        num_val: WholeNumber,
        num_test: Count,
        generator_seed: Seed = 0,
        batch_size: Count = 32,
        chunk: Count = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(name=name, batch_size=batch_size, chunk=chunk, seed=seed)
        require_positive(num_train=num_train, num_val=num_val, num_test=num_test)
        self._problem = problem
        self._num_pool, self._num_val, self._num_test = num_train + num_val, num_val, num_test
        self._generator_seed = generator_seed

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all examples, and which of them are test."""
        arrays = [(part.inputs, part.lengths, part.targets) for part in (self._pool, self._test)]
        return hash_arrays(*arrays[0], *arrays[1])

    @property
    def val_follows_seed(self) -> bool:
        """It does."""
        return True

    def preprocess_as(self, trained: Spec) -> None:
        """Nothing is fitted, so that nothing is taken over.

        Raises:
            DataError: another kind of input or answer.
        """
        own = self.spec
        for key in ("channels", "vocab_size", "num_classes", "every_step"):
            if getattr(own, key) != getattr(trained, key, None):
                problem = f"its {key} is {getattr(own, key)}, the run was trained on {getattr(trained, key, None)}"
                raise DataError("data.other_problem", "data", self.name, problem, next_step="evaluate on its own rule")

    def labels(self, split: Split) -> pa.Table:
        """The ``target`` of each example of a split, as `Examples` has them."""
        return table_of(target=self._of(split).targets[self._split_rows(split)])

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """There is none: a rule makes its own.

        Raises:
            DataError: always.
        """
        problem = "a probe makes its own sequences, and reads none"
        raise DataError("data.no_reader", "input", reading.source, problem, next_step="bakeoff evaluate run=RUN")

    def examples(self, split: Split) -> list[str]:
        """Where each example stands among those that were made."""
        part = "test" if split == "test" else "train"
        return [f"{part}/{row}" for row in self._split_rows(split).tolist()]

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """The first steps of some examples, and their answers."""
        examples = self._of(split).select(self._split_rows(split)[np.asarray(indices, dtype=np.int64)])
        return [self._text(examples, row) for row in range(len(indices))]

    def digests(self, split: Split) -> list[bytes]:
        """A hash of each example's steps."""
        return _digests(self._of(split).select(self._split_rows(split)))

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """None: a rule has nothing to fit."""
        return None

    @cached_property
    def _test(self) -> Examples:
        return self._problem.test_examples(self._num_test, self._random(_TEST_STREAM))

    @cached_property
    def _pool(self) -> Examples:
        """What train and validation are drawn from: nothing that is in test."""
        made = self._problem.training_examples(self._num_pool, self._random(_POOL_STREAM))
        tested = set(_digests(self._test))
        return made.select(np.array([row for row, one in enumerate(_digests(made)) if one not in tested], dtype=int))

    @cached_property
    def _single(self) -> Rows:
        """The rows of the pool that no other row equals."""
        _, first, counts = np.unique(np.array(_digests(self._pool)), return_index=True, return_counts=True)
        return np.sort(first[counts == 1])

    def _random(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self._generator_seed, stream])

    def _of(self, split: Split) -> Examples:
        return self._test if split == "test" else self._pool

    def _draw(self) -> dict[str, Rows]:
        single, num_pool = self._single, len(self._pool.lengths)
        if len(single) < self._num_val or self._num_val >= num_pool:
            problem = f"{len(single):,} of {num_pool:,} examples occur once, too few to validate on"
            raise DataError("data.empty_split", "data.num_val", self._num_val, problem, next_step="give a lower number")
        drawn = np.random.default_rng([self.seed, _VAL_STREAM]).permutation(single)[: self._num_val]
        return {
            "train": np.setdiff1d(np.arange(num_pool), drawn),
            "val": np.sort(drawn),
            "test": np.arange(len(self._test.lengths)),
        }

    def _describe(self, common: dict[str, Any]) -> ProbeSpec:
        problem = self._problem
        return ProbeSpec(
            **common,
            channels=problem.channels,
            vocab_size=len(problem.symbols) + 1 if problem.symbols else 0,
            num_classes=problem.num_classes,
            every_step=problem.every_step,
            sequence_length=int(self._pool.lengths.max()),
        )

    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        return self._of(split).lengths

    def _inputs(self, split: Split, rows: Rows) -> Tensor:
        """Numbers ``(B, T, C)``, or tokens ``(B, T)`` up to the longest of the batch."""
        examples = self._of(split)
        inputs = torch.from_numpy(examples.inputs[rows, : int(examples.lengths[rows].max())])
        return inputs if inputs.is_floating_point() else inputs.long()

    def _batch(self, split: Split, rows: Rows) -> Batch:
        return Batch(self._inputs(split, rows), torch.from_numpy(self._of(split).targets[rows]), len(rows))

    def _text(self, examples: Examples, row: int) -> str:
        length = int(examples.lengths[row])
        steps = examples.inputs[row, : min(length, _SHOWN_STEPS)]
        if self._problem.channels:
            words = ["/".join(f"{number:.2f}" for number in step) for step in steps]
        else:
            words = [self._problem.symbols[token - 1] for token in steps]
        return " ".join(words) + (f" ... ({length} steps)" if length > _SHOWN_STEPS else "")


def _digests(examples: Examples) -> list[bytes]:
    rows = zip(examples.inputs, examples.lengths.tolist(), strict=True)
    return [hashlib.blake2b(steps[:length].tobytes(), digest_size=16).digest() for steps, length in rows]
