"""The embedded sample of speech recognition: numbers digit by digit, said by eSpeak NG in the variants of its voice.

A row::

    text     seven zero two nine     what is said
    audio    WAV, 22,050 Hz          as it is said
    voice    f3                      the variant of the voice

Each variant says as many numbers as the others; digits, pitch and rate of each are drawn once and for all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict, disable_progress_bars, load_from_disk

from bakeoff.data.audio.wav import wav_bytes
from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.sources.espeak import SAMPLE_RATE_HZ, Utterance, espeak_version, speak, variants
from bakeoff.data.sources.source import Source
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import ConfigError
from bakeoff.ranges import Count

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PITCHES, _RATES_WPM = (30, 70), (130, 200)
_STREAM = 17


class SpokenDigits(Source):
    """Numbers of a few digits, the same count in each voice.

    Args:
        num_voices: variants of the English voice, drawn once and for all; 104 are there.
        per_voice: numbers that each says.
        num_digits: of each number.

    Raises:
        ConfigError: more voices than there are.
        EnvironmentFault: eSpeak NG is not installed.
    """

    def __init__(self, *, num_voices: Count = 104, per_voice: Count = 20, num_digits: Count = 4) -> None:
        self._num_voices = num_voices
        self._per_voice = per_voice
        self._num_digits = num_digits

    def identity(self) -> dict[str, Any]:
        """What is said by how many, and the version of eSpeak NG's package.

        Raises:
            EnvironmentFault: it is not installed.
        """
        said = {"num_voices": self._num_voices, "per_voice": self._per_voice, "num_digits": self._num_digits}
        return {"source": "spoken_digits", "espeakng_loader": espeak_version(), **said}

    def load(self) -> DatasetDict:
        """One split, with the columns above, each recording called by voice and number; said once, then kept."""
        folder = cached_folder("spoken", digest(self.identity()), self._speak)
        return DatasetDict(train=load_from_disk(str(folder / "digits")))

    def _speak(self, folder: Path) -> None:
        rng = np.random.default_rng(_STREAM)
        known = variants()
        if self._num_voices > len(known):
            problem = f"eSpeak NG has {len(known)} variants of a voice"
            allowed = f"1 to {len(known)}"
            raise ConfigError("config.out_of_range", "data.num_voices", self._num_voices, problem, allowed=allowed)
        voices = [known[index] for index in rng.permutation(len(known))[: self._num_voices]]
        rows = [(voice, number) for voice in voices for number in range(self._per_voice)]
        utterances = [self._drawn(rng, voice) for voice, _ in rows]
        columns: dict[str, list[Any]] = {
            "text": [utterance.text for utterance in utterances],
            "audio": [
                {"bytes": wav_bytes(speech.samples, sample_rate_hz=SAMPLE_RATE_HZ), "path": None}
                for speech in speak(utterances)
            ],
            "voice": [voice for voice, _ in rows],
            EXAMPLE_COLUMN: [f"{voice}/{number}" for voice, number in rows],
        }
        disable_progress_bars()
        Dataset.from_dict(columns).save_to_disk(str(folder / "digits"))

    def _drawn(self, rng: np.random.Generator, voice: str) -> Utterance:
        text = " ".join(DIGITS[index] for index in rng.integers(len(DIGITS), size=self._num_digits))
        pitch, rate = (int(rng.integers(low, high + 1)) for low, high in (_PITCHES, _RATES_WPM))
        return Utterance(text=text, voice=f"en+{voice}", pitch=pitch, rate_wpm=rate)
