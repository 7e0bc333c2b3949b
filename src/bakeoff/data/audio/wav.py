"""Samples as a WAV file of 16 bits on one channel, without a package of sound."""

from __future__ import annotations

import io
import wave

import numpy as np


def wav_bytes(samples: np.ndarray, *, sample_rate_hz: int) -> bytes:
    """The file; fractions are cut to [-1, 1], whole numbers are samples already."""
    if samples.dtype.kind == "f":
        samples = np.rint(32767 * np.clip(samples, -1, 1))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()
