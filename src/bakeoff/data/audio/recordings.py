"""One stored recording in, its samples on one channel out.

A record is what a dataset stores for a recording: encoded bytes or a path (the hub's ``Audio`` feature, undecoded), or
an array with its rate. Files are read in blocks until their end, since the header of a stream does not know its length.

T samples, C channels.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import resample

Samples: TypeAlias = NDArray[np.float32]
Record: TypeAlias = Mapping[str, Any]

_BLOCK = 1 << 18
_NO_LENGTH = 0x7FFF0000
"""What streams write for a length that they do not know is not below it."""
_DATA_SIZE = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
_LOSSY = frozenset({"PCM_U8", "PCM_S8", "ULAW", "ALAW", "DPCM_8", "IMA_ADPCM", "MS_ADPCM", "GSM610"})
_FULL_SCALE = 0.999
_CLIPPED_RUN = 4
_CANCELLED = 0.01
_MISSING_S = 0.05
_FINEST = 1000


class UnreadableAudio(ValueError):
    """A record that cannot be turned into samples; the message says why."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """Samples on one channel.

    Attributes:
        samples_T: in [-1, 1] where their format has a full scale.
        sample_rate_hz: of them.
        channels: as they were stored.
        is_lossy: whether they were stored with about 8 bits (8-bit, mu-law, A-law or ADPCM).
    """

    samples_T: Samples
    sample_rate_hz: int
    channels: int = 1
    is_lossy: bool = False

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples_T) / self.sample_rate_hz

    @property
    def is_clipped(self) -> bool:
        """Whether several samples in a row are at full scale, where a wave's top was cut off."""
        at_top_T = np.abs(self.samples_T) >= _FULL_SCALE
        if at_top_T.sum() < _CLIPPED_RUN:
            return False
        return bool(np.convolve(at_top_T, np.ones(_CLIPPED_RUN), "valid").max() >= _CLIPPED_RUN)

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to hear."""
        return not self.samples_T.any()


class _Stream(soundfile.SoundFile):
    """Read from start to end: seeking fails where a FLAC file does not know its length."""

    def seekable(self) -> bool:
        """Never, so that nothing tries."""
        return False


def read_recording(record: Record) -> Recording:
    """A whole recording.

    Stereo becomes the mean of its channels, or the loudest of them where they cancel each other out.

    Raises:
        UnreadableAudio: it is missing, no audio, cut off, empty, or has samples that are no numbers.
    """
    if record.get("array") is not None:
        samples_TC = np.asarray(record["array"], dtype=np.float32)
        samples_TC = samples_TC[:, None] if samples_TC.ndim == 1 else samples_TC.reshape(-1, samples_TC.shape[-1])
        return _checked(samples_TC, int(record["sampling_rate"]), is_lossy=False)
    with _opened(record) as file:
        samples_TC = _read(file)
        return _checked(samples_TC, file.samplerate, is_lossy=file.subtype in _LOSSY)


def header_of(record: Record) -> tuple[float, int, int]:
    """Seconds, rate and channels, without reading samples where the header knows its length.

    Raises:
        UnreadableAudio: it is missing or no audio.
    """
    if record.get("array") is not None:
        found = read_recording(record)
        return found.seconds, found.sample_rate_hz, found.channels
    with _opened(record) as file:
        frames = len(_read(file)) if file.frames > 1 << 62 else file.frames
        return frames / file.samplerate, file.samplerate, file.channels


def resampled(samples_T: Samples, *, from_hz: float, to_hz: float) -> Samples:
    """The same sound at another rate; said of a rate that it does not have, at another speed and pitch.

    By torchaudio's windowed sinc. The ratio is the nearest with terms up to 1,000: with rates that have no common
    factor, the filters of the exact one would fill gigabytes, and nobody hears a rate that is off by 1 in 1,000,000.
    """
    ratio = Fraction(to_hz / from_hz).limit_denominator(_FINEST)
    if ratio == 1:
        return samples_T
    filtered: Tensor = resample(torch.from_numpy(samples_T), ratio.denominator, ratio.numerator)
    return filtered.numpy()


def _opened(record: Record) -> _Stream:
    encoded, path = record.get("bytes"), record.get("path")
    if not isinstance(encoded, bytes) and not isinstance(path, str):
        raise UnreadableAudio("there is no recording in this row")
    try:
        return _Stream(io.BytesIO(encoded) if isinstance(encoded, bytes) else str(path))
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(_reason(error, path)) from error


def _read(file: _Stream) -> Samples:
    """All samples, shape ``(T, C)``."""
    blocks = []
    try:
        while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
            blocks.append(block)
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(f"it is cut off, or broken ({_said(error)})") from error
    samples_TC = np.concatenate(blocks) if blocks else np.empty((0, file.channels), dtype=np.float32)
    told, left = _announced_s(file), len(samples_TC) / file.samplerate
    if left < told - _MISSING_S:
        raise UnreadableAudio(f"it is cut off: its header says {told:.2f} s, there are {left:.2f} s")
    return samples_TC


def _announced_s(file: _Stream) -> float:
    """The length that the header says; 0 where it does not know, and of MP3 and OGG, where it is a guess.

    libsndfile takes the size of a WAV file for what its header says; what that was stands in its log.
    """
    frames = file.frames
    if file.format in ("MP3", "OGG") or frames > 1 << 62:
        return 0.0
    if (found := _DATA_SIZE.search(file.extra_info)) and int(found[1]) < _NO_LENGTH:
        frames = round(frames * int(found[1]) / max(int(found[2]), 1)) if int(found[2]) else 1 << 30
    return frames / file.samplerate


def _checked(samples_TC: Samples, sample_rate_hz: int, *, is_lossy: bool) -> Recording:
    if not len(samples_TC):
        raise UnreadableAudio("it has no samples")
    if not np.isfinite(samples_TC).all():
        place = int(np.flatnonzero(~np.isfinite(samples_TC).all(axis=1))[0])
        raise UnreadableAudio(f"sample {place:,} is no finite number")
    return Recording(_mono(samples_TC), sample_rate_hz, samples_TC.shape[1], is_lossy)


def _mono(samples_TC: Samples) -> Samples:
    if samples_TC.shape[1] == 1:
        return np.ascontiguousarray(samples_TC[:, 0])
    mean_T = samples_TC.mean(axis=1)
    power_C = np.square(samples_TC).mean(axis=0)
    if np.square(mean_T).mean() < _CANCELLED * power_C.mean():
        return np.ascontiguousarray(samples_TC[:, int(power_C.argmax())])
    return mean_T


def _reason(error: soundfile.LibsndfileError, path: object) -> str:
    said = _said(error)
    if "System error" in said:
        return "the file does not exist or cannot be opened"
    if "not recognised" in said:
        return "not audio, or of a format that is not read here (WAV, FLAC, OGG, MP3, AIFF and AU are)"
    return f"it is cut off, or broken ({said})"


def _said(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).strip().rstrip(".")
