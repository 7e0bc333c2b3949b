"""Sequences of vectors, such as series or features of recordings: what they are, and normalised batches of them.

B batch, N sequences, T frames, K features a frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.batches.order import BatchPlan, EpochSampler
from bakeoff.data.contract import Inputs
from bakeoff.data.spec import ClassSpec, Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.ragged import Ragged

LEAST_STD = 1e-6
"""Of a feature that changes; below it is rounding, as of a band above all that was recorded."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FramesSpec(Spec):
    """Sequences of vectors.

    ``mean`` and ``std`` are those of each feature over the frames of train, ``typical_frames`` is the mean number of a
    train sequence, ``max_frames`` the most.
    """

    length_fields: ClassVar[tuple[str, ...]] = ("max_frames", "typical_frames")

    mean: tuple[float, ...]
    std: tuple[float, ...]
    max_frames: int
    typical_frames: int

    @property
    def num_features(self) -> int:
        """K."""
        return len(self.mean)

    def example_inputs(self, batch_size: int) -> tuple[Tensor, ...]:
        """Frames of zeros ``(B, typical_frames, K)``, and how many of each are real, ``(B,)``: all."""
        frames_BTK = torch.zeros(batch_size, self.typical_frames, self.num_features)
        return frames_BTK, torch.full((batch_size,), self.typical_frames)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledFramesSpec(FramesSpec, ClassSpec):
    """Sequences of vectors with one class each."""


def sums_of(frames: Ragged) -> NDArray[np.float64]:
    """The sum and the sum of squares of each feature over each sequence's frames, ``(2, N, K)``."""
    num_rows, num_features = len(frames.offsets) - 1, frames.values.shape[1]
    sums_2NK = np.zeros((2, num_rows, num_features))
    for row in range(num_rows):
        own_TK = frames.row(row).astype(np.float64)
        sums_2NK[:, row] = own_TK.sum(axis=0), np.square(own_TK).sum(axis=0)
    return sums_2NK


def mean_and_std(sums_2NK: NDArray[np.float64], num_frames: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of each feature over all frames, from sums and sums of squares; a constant one gets a deviation of 1."""
    mean_K, square_K = sums_2NK.sum(axis=1) / max(num_frames, 1)
    std_K = np.sqrt(np.maximum(square_K - mean_K**2, 0.0))
    return tuple(mean_K.tolist()), tuple(np.where(std_K < LEAST_STD, 1.0, std_K).tolist())


def padded_frames(
    features: Sequence[Ragged], rows: Rows, *, mean: Sequence[float], std: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Normalised frames of some sequences, ``(B, T, K)`` with zeros after the end of each, and their lengths ``(B,)``.

    Args:
        features: where the frames of each sequence are.
        rows: the number of each.
        mean: of each feature, in train.
        std: of each feature, in train.
    """
    mean_K, scale_K = np.array(mean, dtype=np.float32), 1 / np.array(std, dtype=np.float32)
    frames = [own.row(row) for own, row in zip(features, rows.tolist(), strict=True)]
    lengths_B = np.array([len(own_TK) for own_TK in frames])
    frames_BTK = np.zeros((len(frames), int(lengths_B.max(initial=0)), len(mean_K)), dtype=np.float32)
    for place, own_TK in enumerate(frames):
        frames_BTK[place, : len(own_TK)] = (own_TK - mean_K) * scale_K
    return torch.from_numpy(frames_BTK), torch.from_numpy(lengths_B)


def batches_of(frames: Ragged, spec: FramesSpec, batch_size: int) -> Inputs:
    """New sequences as a network wants them, shortest first."""
    positions = np.argsort(np.diff(frames.offsets), kind="stable")
    plan = BatchPlan(EpochSampler(positions, seed=None), batch_size=batch_size, drop_single=False)
    made = [padded_frames([frames] * len(rows), rows, mean=spec.mean, std=spec.std) for rows in plan]
    return Inputs(made, positions)
