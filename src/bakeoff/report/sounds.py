"""Sounds as WAV data URIs."""

from __future__ import annotations

import base64

import numpy as np

from bakeoff.data.audio.wav import wav_bytes

LONGEST_S = 20


def sound_uri(samples: np.ndarray, *, sample_rate_hz: int) -> str:
    """A mono sound of int16 samples as a WAV data URI, its first 20 seconds at most."""
    shown = wav_bytes(samples[: LONGEST_S * sample_rate_hz], sample_rate_hz=sample_rate_hz)
    return "data:audio/wav;base64," + base64.b64encode(shown).decode("ascii")
