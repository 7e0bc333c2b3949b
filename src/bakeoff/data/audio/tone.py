"""The tone of a voice.

Rabiner 1977, "On the use of autocorrelation analysis for pitch detection"; the division by the window's autocorrelation
is that of Boersma 1993, "Accurate short-term analysis of the fundamental frequency".

T samples, F frames, W samples of a window.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_WINDOW_S, _HOP_S = 0.05, 0.0125
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 400.0
_LEAST_LIKENESS = 0.5  # of a voiced frame to itself, a period later
_LEAST_LOUD = 0.03  # of the loudest frame's energy
_NEARLY = 0.9  # of the highest peak: a multiple of the period is as like as the period


def tone_hz(samples_T: NDArray[np.floating], sample_rate_hz: int) -> float:
    """The median tone of the voiced frames, from 60 to 400 Hz; NaN where no frame is voiced.

    A frame of 50 ms is voiced where it is loud, and like itself a period later: where its autocorrelation, divided by
    that of the window, has a peak of at least half of the energy.
    """
    size, hop = round(_WINDOW_S * sample_rate_hz), round(_HOP_S * sample_rate_hz)
    if len(samples_T) < size:
        return float("nan")
    frames_FW = torch.as_tensor(np.ascontiguousarray(samples_T), dtype=torch.float32).unfold(0, size, hop)
    window_W = torch.hann_window(size)
    likeness_FW = _autocorrelation((frames_FW - frames_FW.mean(dim=1, keepdim=True)) * window_W)
    energy_F = likeness_FW[:, 0]
    first, last = int(sample_rate_hz / _HIGHEST_HZ), min(int(sample_rate_hz / _LOWEST_HZ), size - 2)
    of_window_W = _autocorrelation(window_W)
    relative_FW = likeness_FW / energy_F.clamp(min=1e-12).unsqueeze(1) * (of_window_W[0] / of_window_W)
    peak_F, lag_F = _first_peak(relative_FW[:, first - 1 : last + 2])
    voiced_F = (peak_F > _LEAST_LIKENESS) & (energy_F > _LEAST_LOUD * energy_F.max())
    if not voiced_F.any():
        return float("nan")
    return float((sample_rate_hz / (lag_F[voiced_F] + first - 1)).median())


def _autocorrelation(frames: Tensor) -> Tensor:
    size = frames.shape[-1]
    return torch.fft.irfft(torch.fft.rfft(frames, 2 * size).abs().square())[..., :size]


def _first_peak(likeness_FW: Tensor) -> tuple[Tensor, Tensor]:
    """The first of each row's peaks that is nearly the highest (a period, not two of them), and where it is."""
    inner = likeness_FW[:, 1:-1]
    is_peak = (inner >= likeness_FW[:, :-2]) & (inner >= likeness_FW[:, 2:])
    height = torch.where(is_peak, inner, -torch.inf)
    highest_F = height.max(dim=1).values
    place_F = (height >= _NEARLY * highest_F.unsqueeze(1)).float().argmax(dim=1)
    return highest_F, place_F + 1
