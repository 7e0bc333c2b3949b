"""Sequences with positions in them as a data module: a kind of data with lists of any length as targets.

B batch, T time steps.
"""

from __future__ import annotations

import dataclasses
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
from bakeoff.data.contract import Inputs, NewExamples, Reading, Split
from bakeoff.data.spec import Spec
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.splits.splitting import Facts, Parted, Rows
from bakeoff.tables import table_of
from toy_positions.lines import Line, flat, padded, read_lines


@dataclasses.dataclass(frozen=True, kw_only=True)
class PositionSpec(Spec):
    """Sequences of numbers, some of whose steps are marked; ``longest`` is that of the longest one."""

    kind = "positions"
    length_fields = ("longest",)

    longest: int

    def example_inputs(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Values ``(B, T)`` and lengths ``(B,)``, without padding."""
        return torch.zeros(batch_size, self.longest), torch.full((batch_size,), self.longest)


class PositionLines(BatchedByLength[PositionSpec]):
    """A JSON-lines file; inputs are ``(values_BT, lengths_B)``, targets a list of positions for each example.

    Args:
        name: what the data is called in tables and reports.
        file: one example a line, ``{"values": [...], "positions": [...], "time": n}``.
        split: how the lines are split.
        batch_size: training examples an optimizer step.
        chunk: batches an item of the training loader.
        seed: the trial's seed: the order of training.
    """

    spec_class = PositionSpec
    noun = "sequence"

    def __init__(
        self, *, name: str, file: str, split: SplitRule, batch_size: int = 16, chunk: int = 1, seed: int = 0
    ) -> None:
        super().__init__(name=name, batch_size=batch_size, chunk=chunk, seed=seed)
        self._file, self._split = file, split

    @cached_property
    def _lines(self) -> list[Line]:
        return read_lines(self._file, key="data.file", time=self._split.time or "time")

    @cached_property
    def _facts(self) -> Facts:
        times = np.array([line.time for line in self._lines]) if self._split.time else None
        return Facts(parts=np.full(len(self._lines), "train"), times=times)

    @cached_property
    def _shared(self) -> Parted:
        """What all trials share of the splits."""
        splitting = self._split.splitting
        return splitting.draw_test(splitting.decide(self._facts), self._facts)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all lines, and of which are test."""
        return hash_arrays(*flat(self._lines), self._shared.test)

    @property
    def val_follows_seed(self) -> bool:
        """As the rule of splitting has it."""
        return self._split.splitting.follows_seed

    def preprocess_as(self, trained: Spec) -> None:
        """Nothing is fitted, so that nothing is taken over."""

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """None: nothing is fitted."""
        return None

    def labels(self, split: Split) -> pa.Table:
        """The ``positions`` of each example, as lists."""
        positions = [self._lines[row].positions for row in self._split_rows(split)]
        return table_of(positions=pa.array(positions, pa.list_(pa.int64())))

    def examples(self, split: Split) -> list[str]:
        """The file and the number of the line."""
        return [self._lines[row].name for row in self._split_rows(split)]

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """The values in words."""
        return [" ".join(f"{value:.2f}" for value in values) for values in self._values(split, indices)]

    def raw(self, split: Split) -> Sequence[list[float]]:
        """The values of each example."""
        return self._values(split, range(len(self._split_rows(split))))

    def digests(self, split: Split) -> list[bytes]:
        """A hash of each example's values."""
        return [hashlib.blake2b(np.array(values).tobytes(), digest_size=16).digest() for values in self.raw(split)]

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """New lines of the same form; what they say of positions is not looked at."""
        lines = read_lines(reading.source, key="input", time="time")
        starts = range(0, len(lines), reading.batch_size)
        batches = [padded(lines, np.arange(len(lines))[start : start + reading.batch_size]) for start in starts]
        shown = {"line": [line.name for line in lines]}
        return NewExamples(shown=shown, raw=[line.values for line in lines], loader=Inputs(batches))

    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        return np.array([len(line.values) for line in self._lines])

    def _values(self, split: Split, indices: Sequence[int]) -> list[list[float]]:
        rows = self._split_rows(split)
        return [self._lines[rows[index]].values for index in indices]

    def _inputs(self, split: Split, rows: Rows) -> tuple[Tensor, Tensor]:
        return padded(self._lines, rows)

    def _batch(self, split: Split, rows: Rows) -> Batch:
        positions = [torch.tensor(self._lines[row].positions, dtype=torch.int64) for row in rows]
        return Batch(padded(self._lines, rows), {"positions": positions}, len(rows))

    def _draw(self) -> dict[str, Rows]:
        parted = self._split.splitting.draw_val(self._shared, self._facts, seed=self._seed)
        return {"train": parted.train, "val": parted.val, "test": parted.test}

    def _describe(self, common: dict[str, Any]) -> PositionSpec:
        num_left = len(self._lines) - sum(map(len, self._rows.values()))
        notes = (f"{num_left} lines between the splits were left out.",) if num_left else ()
        return PositionSpec(**common, notes=notes, longest=int(self._lengths("train").max()))
