"""What data of sequences of vectors shares: normalised batches by length, and the check of their mean and deviation.

B batch, T frames, K features a frame.
"""

from __future__ import annotations

import abc
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.by_length import BatchedByLength
from bakeoff.data.contract import Split
from bakeoff.data.frames import LEAST_STD, FramesSpec, LabelledFramesSpec, mean_and_std, padded_frames
from bakeoff.data.labels import refuse_other_classes
from bakeoff.data.spec import Spec
from bakeoff.data.split_data import PreparedData
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.ragged import Ragged
from bakeoff.tables import table_of

AnyFramesSpec = TypeVar("AnyFramesSpec", bound=FramesSpec)
AnyLabelledSpec = TypeVar("AnyLabelledSpec", bound=LabelledFramesSpec)
_RELATIVE = 1e-6


class FramedData(PreparedData[AnyFramesSpec], BatchedByLength[AnyFramesSpec]):
    """Sequences of vectors; inputs are ``(frames_BTK, lengths_B)``, less the mean of train, over its deviation."""

    @property
    @abc.abstractmethod
    def _frames(self) -> Ragged:
        """The frames of every row, as they are learnt from and judged."""

    @abc.abstractmethod
    def _targets(self, rows: Rows) -> Tensor:
        """What should be said of some rows."""

    def digests(self, split: Split) -> list[bytes]:
        """A hash of each row's content."""
        return [row.tobytes() for row in self._prepared.digests[self._split_rows(split)]]

    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        return np.diff(self._frames.offsets)

    def _inputs(self, split: Split, rows: Rows) -> tuple[Tensor, ...]:
        return padded_frames([self._frames] * len(rows), rows, mean=self.spec.mean, std=self.spec.std)

    def _batch(self, split: Split, rows: Rows) -> Batch:
        return Batch(self._inputs(split, rows), self._targets(rows), len(rows))

    def _facts_of_frames(self) -> dict[str, Any]:
        """What a `FramesSpec` has, of this trial's train rows."""
        train = self._rows["train"]
        lengths = self._frames.lengths(train)
        mean, std = mean_and_std(self._prepared.sums_2NK[:, train], int(lengths.sum()))
        typical = max(1, round(float(lengths.mean())))
        return {"mean": mean, "std": std, "max_frames": int(lengths.max()), "typical_frames": typical}

    def _frames_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether mean and deviation are those of train, from the frames themselves."""
        rows = self._split_rows("train").tolist()
        num_frames = sum(len(self._frames.row(row)) for row in rows)
        mean_K = sum(self._frames.row(row).sum(axis=0, dtype=np.float64) for row in rows) / num_frames
        variance_K = sum(np.square(self._frames.row(row) - mean_K).sum(axis=0) for row in rows) / num_frames
        for what, fitted_K in (("mean", mean_K), ("std", np.sqrt(variance_K))):
            fitted_K = np.where((what == "std") & (fitted_K < LEAST_STD), 1.0, fitted_K)
            if not np.allclose(recorded[what], fitted_K, rtol=_RELATIVE, atol=_RELATIVE):
                return f"{what} of features used is not that of train"
        return None


class LabelledFrames(FramedData[AnyLabelledSpec]):
    """Sequences of vectors with one class each; targets are ``labels_B``, int64."""

    def labels(self, split: Split) -> pa.Table:
        """The ``label`` of each."""
        return table_of(label=self._prepared.labels[self._split_rows(split)])

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether mean and deviation are those of the rows that may be used."""
        return self._frames_problem(recorded)

    def _targets(self, rows: Rows) -> Tensor:
        return torch.from_numpy(self._prepared.labels[rows])

    def _require_classes_of(self, trained: Spec) -> None:
        """Nothing, if the classes are those that a run was trained on.

        Raises:
            DataError: they are others.
        """
        assert isinstance(trained, LabelledFramesSpec)
        refuse_other_classes(self.spec.class_names, trained.class_names, name=self.name)
