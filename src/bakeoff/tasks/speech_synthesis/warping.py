"""Two recordings laid over each other by dynamic time warping, and how far apart they are then.

Sakoe and Chiba 1978, "Dynamic programming algorithm optimization for spoken word recognition" (steps of one frame in
either recording or in both, without weights); Kubichek 1993, "Mel-cepstral distance measure for objective speech
quality assessment" (the distance).

B batch, T frames of one recording, S of the other, M mel bands, K cepstral coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchaudio.functional import create_dct

NUM_COEFFICIENTS = 13
"""Of the cepstrum, beside the first, which is the loudness."""
_DECIBELS = 10 / np.log(10)
_PAIRS_AT_ONCE = 32


def cepstra(log_mels: Tensor) -> Tensor:
    """Coefficients 1 to 13 of log-mel energies ``(..., T, M)``, of their amplitudes' logarithms: ``(..., T, 13)``."""
    num_mels = log_mels.shape[-1]
    cosines_MK = create_dct(min(NUM_COEFFICIENTS + 1, num_mels), num_mels, norm="ortho").to(log_mels)
    # Kubichek's coefficients multiply cosines by 2 in the sum that gives the logarithm back: ortho / sqrt(2 M).
    return (log_mels / 2) @ cosines_MK[:, 1:] / (2 * num_mels) ** 0.5


def warped_distances(
    some_mels: Sequence[np.ndarray], other_mels: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """For each pair of recordings, mel-cepstral distortion and mean difference of bands, both in decibels.

    The path is the one with the least sum of cepstral distances; both numbers are means over its steps.

    Args:
        some_mels: natural logarithms of mel energies, ``(T, M)`` each, of any number of frames above 0.
        other_mels: the others, as many.
    """
    distortions, differences = [np.empty(0)], [np.empty(0)]
    for start in range(0, len(some_mels), _PAIRS_AT_ONCE):
        lot = slice(start, start + _PAIRS_AT_ONCE)
        some_BTM, sizes_B = _padded(some_mels[lot])
        other_BSM, other_sizes_B = _padded(other_mels[lot])
        distortion_BTS = np.sqrt(2) * _DECIBELS * torch.cdist(cepstra(some_BTM), cepstra(other_BSM))
        difference_BTS = _DECIBELS * torch.cdist(some_BTM, other_BSM, p=1.0) / some_BTM.shape[-1]
        means = means_along_path(distortion_BTS, difference_BTS, sizes_B, other_sizes_B)
        for lists, own_B in zip((distortions, differences), means, strict=True):
            lists.append(own_B.double().numpy())
    return np.concatenate(distortions), np.concatenate(differences)


def means_along_path(
    cost_BTS: Tensor, other_BTS: Tensor, sizes_B: Tensor, other_sizes_B: Tensor
) -> tuple[Tensor, Tensor]:
    """The means of ``cost`` and of ``other`` over the path of least total cost through each table, corner to corner.

    Diagonal by diagonal, of all tables at once: what a place adds to depends on the two diagonals before alone.

    Args:
        cost_BTS: of laying frame t over frame s.
        other_BTS: something else of each pair of frames.
        sizes_B: real rows of each table.
        other_sizes_B: real columns.
    """
    num_batch, num_rows, num_columns = cost_BTS.shape
    added = torch.stack([cost_BTS, other_BTS, torch.ones_like(cost_BTS)]).contiguous()
    every_B, last_B = torch.arange(num_batch), sizes_B + other_sizes_B - 2
    totals = before = torch.full((3, num_batch, num_rows + 1), torch.inf)  # of the diagonals before; row 0 is outside
    ends = torch.zeros(3, num_batch)
    for diagonal in range(num_rows + num_columns - 1):
        first, last = max(0, diagonal - num_columns + 1), min(num_rows - 1, diagonal)
        here = _diagonal(added, diagonal, first=first, count=last - first + 1)
        above, left, both = (
            part[..., start : start + last - first + 1]
            for part, start in ((totals, first), (totals, first + 1), (before, first))
        )
        best = both if diagonal == 0 else torch.where(left[0] < above[0], left, above)
        best = torch.where(best[0] < both[0], best, both)
        now = torch.full_like(totals, torch.inf)
        now[..., first + 1 : last + 2] = here + (0.0 if diagonal == 0 else best)
        ends = torch.where(last_B == diagonal, now[:, every_B, sizes_B], ends)
        totals, before = now, totals
    return ends[0] / ends[2], ends[1] / ends[2]


def _diagonal(tables_3BTS: Tensor, diagonal: int, *, first: int, count: int) -> Tensor:
    """The entries of each table whose row and column add up to ``diagonal``, from row ``first`` on."""
    kinds, num_batch, num_rows, num_columns = tables_3BTS.shape
    of_table = num_rows * num_columns
    strides = (num_batch * of_table, of_table, num_columns - 1)
    start = first * num_columns + diagonal - first
    return tables_3BTS.as_strided((kinds, num_batch, count), strides, start)


def _padded(mels: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    rows = [torch.as_tensor(np.ascontiguousarray(own_TM), dtype=torch.float32) for own_TM in mels]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])
