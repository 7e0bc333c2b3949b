"""Frames of recordings as normalised batches.

B batch, N recordings, T frames, K features a frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.ragged import Ragged

_LEAST_STD = 1e-6  # of a feature that never changes, such as a band above all that was recorded


def mean_and_std(sums_2NK: NDArray[np.float64], num_frames: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of each feature over all frames, from sums and sums of squares; a constant one gets a deviation of 1."""
    mean_K, square_K = sums_2NK.sum(axis=1) / max(num_frames, 1)
    std_K = np.sqrt(np.maximum(square_K - mean_K**2, 0.0))
    return tuple(mean_K.tolist()), tuple(np.where(std_K < _LEAST_STD, 1.0, std_K).tolist())


def padded_frames(
    features: Sequence[Ragged], rows: Rows, *, mean: Sequence[float], std: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Normalised frames of recordings, ``(B, T, K)`` with zeros after the end of each, and their lengths ``(B,)``.

    Args:
        features: where the frames of each recording are.
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
