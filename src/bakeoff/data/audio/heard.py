"""All recordings of a table gone through once: their frames, copies, and what is out of the ordinary."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.recordings import Record, Recording, UnreadableAudio, read_recording

_STEPS = 32_767


class Heard:
    """What is known of recordings once `each` has been gone through.

    Args:
        max_seconds: longer ones are left out.
        front_end: what is computed of samples.

    Attributes:
        bad: why a recording could not be read, by row.
        long: rows that are left out for their length.
        digests: a hash of each recording's samples with 16 bits, equal for copies in other lossless formats.
        seconds: of each, 0 where it could not be read.
        rates: how many recordings have which rate.
        kinds: rows that are out of the ordinary, by what they are.
    """

    def __init__(self, max_seconds: float, front_end: FrontEnd) -> None:
        self._max_seconds = max_seconds
        self._front_end = front_end
        self.bad: dict[int, str] = {}
        self.long: list[int] = []
        self.digests: list[bytes] = []
        self.seconds: list[float] = []
        self.rates: Counter[int] = Counter()
        self.kinds: dict[str, list[int]] = {name: [] for name in _TOLD}

    def each(self, records: Iterable[Record]) -> Iterator[NDArray[np.float32]]:
        """The frames of each recording, ``(T, K)``; none where it is left out."""
        nothing = np.zeros((0, self._front_end.num_features), dtype=np.float32)
        for row, record in enumerate(records):
            try:
                recording = read_recording(record)
            except UnreadableAudio as error:
                self.bad[row] = str(error)
                self.digests.append(hashlib.blake2b(f"unreadable {row}".encode(), digest_size=16).digest())
                self.seconds.append(0.0)
                yield nothing
                continue
            self._note(row, recording)
            if recording.seconds > self._max_seconds:
                self.long.append(row)
                yield nothing
            else:
                yield self._front_end.of(recording)

    def _note(self, row: int, recording: Recording) -> None:
        self.digests.append(digest_of(recording))
        self.seconds.append(recording.seconds)
        self.rates[recording.sample_rate_hz] += 1
        for name, is_so in {
            "lossy": recording.is_lossy,
            "stereo": recording.channels > 1,
            "clipped": recording.is_clipped,
            "silent": recording.is_silent,
            "low": recording.sample_rate_hz < self._front_end.sample_rate_hz,
        }.items():
            if is_so:
                self.kinds[name].append(row)


_TOLD = {
    "stereo": "have several channels, whose mean is used (the loudest one, where they cancel each other out)",
    "low": "have a lower rate than data.features.sample_rate_hz, so that their upper bands are empty",
    "lossy": "were stored with about 8 bits (8-bit, mu-law, A-law or ADPCM), whose noise can be heard",
    "clipped": "are clipped: waves are cut off at full scale",
    "silent": "are silent",
}


def digest_of(recording: Recording) -> bytes:
    """A hash of samples with 16 bits."""
    steps_T = np.rint(recording.samples_T * _STEPS).astype(np.int32)
    return hashlib.blake2b(steps_T.tobytes(), digest_size=16).digest()


def notes_on(heard: Heard, sample_rate_hz: int, examples: Sequence[str]) -> list[str]:
    """A sentence on each thing that is out of the ordinary."""
    num_rows, notes = len(heard.seconds), []
    others = {rate: count for rate, count in heard.rates.items() if rate != sample_rate_hz}
    if others:
        shown = ", ".join(f"{rate:,} Hz ({count:,})" for rate, count in sorted(others.items()))
        notes.append(f"Recordings of other rates were resampled to {sample_rate_hz:,} Hz: {shown}.")
    for name, rows in heard.kinds.items():
        if rows:
            names = ", ".join(examples[row] for row in rows[:3])
            notes.append(f"{len(rows):,} of {num_rows:,} recordings {_TOLD[name]} (first: {names}).")
    return notes
