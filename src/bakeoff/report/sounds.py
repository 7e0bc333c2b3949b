"""Sounds as WAV data URIs."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np

LONGEST_S = 20


def sound_uri(samples: np.ndarray, *, sample_rate_hz: int) -> str:
    """A mono sound of int16 samples as a WAV data URI, its first 20 seconds at most."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(samples[: LONGEST_S * sample_rate_hz].astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
