"""Noise, gaps, a lower level and a shift in time, of recordings before anything is computed of them.

T samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from bakeoff.data.audio.recordings import Recording, Samples
from bakeoff.data.corruption import Corruption

CORRUPTIONS: Mapping[str, Corruption] = {
    "noise": Corruption("white noise, by how many dB the recording is above it", (20.0, 10.0, 0.0)),
    "missing": Corruption("share of the recording in gaps of 20 ms, silent", (0.05, 0.2, 0.5)),
    "gain": Corruption("by how many dB the recording is quieter", (6.0, 12.0, 24.0)),
    "shift": Corruption("share of its length by which a recording comes earlier or later", (0.05, 0.1, 0.25)),
}
GAP_S = 0.02


def corrupted_recording(whole: Recording, name: str, amount: float, rng: np.random.Generator) -> Recording:
    """A recording spoilt in that way, of its own length; what a shifted one leaves free is silent."""
    samples_T = _spoilt(whole.samples_T, whole.sample_rate_hz, name, amount, rng).astype(np.float32)
    return dataclasses.replace(whole, samples_T=samples_T)


def _spoilt(samples_T: Samples, rate_hz: int, name: str, amount: float, rng: np.random.Generator) -> Samples:
    length = len(samples_T)
    if name == "noise":
        power = np.square(samples_T, dtype=np.float64).mean()
        return samples_T + np.sqrt(power / 10 ** (amount / 10)) * rng.normal(size=length)
    if name == "missing":
        gap = max(1, round(GAP_S * rate_hz))
        lost = rng.random(-(-length // gap)) < amount
        return np.where(np.repeat(lost, gap)[:length], 0, samples_T)
    if name == "gain":
        return samples_T / 10 ** (amount / 20)
    late = round(amount * length) * rng.choice([-1, 1])
    from_T = np.arange(length) - late
    return np.where((from_T >= 0) & (from_T < length), samples_T[np.clip(from_T, 0, length - 1)], 0)
