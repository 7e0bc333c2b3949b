"""Recordings as tasks on them show them: to be heard, and as a picture of their bands.

M mel bands, T frames.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.recordings import Recording, resampled

_SHOWN_RANGE = 14.0  # in natural logarithms of power, about 60 dB: below it is silence


def heard(title: str, recording: Recording, text: str, front_end: FrontEnd) -> dict[str, Any]:
    """What an `AudioExhibit` has, at the rate that networks hear."""
    rate_hz = front_end.sample_rate_hz
    samples_T = resampled(recording.samples_T, from_hz=recording.sample_rate_hz, to_hz=rate_hz)
    mel_MT = front_end.log_mels(samples_T).T.numpy()
    mel_MT = np.maximum(mel_MT, mel_MT.max(initial=-np.inf) - _SHOWN_RANGE)
    return {"title": title, "samples": samples_T, "sample_rate_hz": rate_hz, "mel_MT": mel_MT, "caption": text}
