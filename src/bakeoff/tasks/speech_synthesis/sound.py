"""From mel frames to sound.

Griffin and Lim 1984, "Signal estimation from modified short-time Fourier transform"; Perraudin, Balazs and Soendergaard
2013, "A fast Griffin-Lim algorithm" (with momentum).

T samples, F frames, S bins of the spectrum, M mel bands.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torchaudio.functional import griffinlim

from bakeoff.data.audio.front_end import FrontEnd

_MOMENTUM = 0.99
_LOUDEST = 0.95


class Vocoder:
    """Griffin-Lim: the sound whose spectrum is as near as possible to that of mel frames.

    Bands become bins by the least squares of the filters; phases start at zero, so that the same frames always give
    the same sound.

    Args:
        front_end: that made the frames.
        iterations: 0 gives the sound of phases zero.
    """

    def __init__(self, front_end: FrontEnd, *, iterations: int) -> None:
        self._front_end = front_end
        self._iterations = iterations
        self._bins_MS = torch.linalg.pinv(front_end.filters_SM)

    def __call__(self, log_mels_FM: NDArray[np.floating]) -> NDArray[np.float32]:
        """Samples in [-1, 1], as many as the frames stand for."""
        front_end = self._front_end
        mels_FM = torch.as_tensor(np.ascontiguousarray(log_mels_FM), dtype=torch.float32).exp()
        magnitude_SF = (mels_FM @ self._bins_MS).clamp(min=0.0).sqrt().T
        length = max(1, (len(mels_FM) - 1) * front_end.hop_length)
        # Silence after short sounds, which torchaudio (2.11) cannot mirror beyond their ends.
        missing = max(0, front_end.fft_size // front_end.hop_length + 2 - len(mels_FM))
        magnitude_SF = torch.nn.functional.pad(magnitude_SF, (0, missing))
        samples_T = griffinlim(
            magnitude_SF,
            front_end.window_T,
            front_end.fft_size,
            front_end.hop_length,
            front_end.window_length,
            1.0,
            self._iterations,
            _MOMENTUM,
            length + missing * front_end.hop_length,
            False,
        )[:length]
        loudest = max(float(samples_T.abs().max()), 1e-9)
        return (samples_T * min(1.0, _LOUDEST / loudest)).numpy()
