"""The embedded sample of speech synthesis: made sentences that eSpeak NG says in one voice and several styles.

A row::

    text       the old captain waits near a river       as it is written
    audio      WAV, 22,050 Hz                           as it is said
    phonemes   D @ 'oU l d k 'a p t I n w 'eI t s _     what is said, by eSpeak's names
    durations  [0.052, 0.071, ...]                      seconds of each phoneme; they add up to the recording
    style      calm                                     a pitch and a rate

Durations are those of eSpeak's own events (`phonemes_of`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict

from bakeoff.data.audio.wav import wav_bytes
from bakeoff.data.sources.espeak import SAMPLE_RATE_HZ, Utterance, espeak_version, phonemes_of, speak
from bakeoff.data.sources.source import Source
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import ConfigError
from bakeoff.ranges import Count, WholeNumber

NUM_LOTS = 8
PITCHES, RATES_WPM = (0, 99), (80, 450)
_STREAMS = (11, 12, 13)  # of sentences, styles and voices: more of them begin as fewer do
_SPELLED = {
    "determiner": "the a my your this every",
    "adjective": "small old green happy cold young bright quiet heavy red wild kind new strange warm tired",
    "noun": "dog house river child bird garden teacher moon window market doctor forest song train table lady captain "
    "village mountain apple cousin letter boat king",
    "verb": "runs sleeps waits looks walks sings stands jumps works plays moves stays cries laughs goes turns",
    "preposition": "to near under behind beside over with for",
}
_WORDS = {kind: words.split() for kind, words in _SPELLED.items()}
_THING, _FULL_THING = ("determiner", "noun"), ("determiner", "adjective", "noun")
_PATTERNS = tuple(
    (*subject, "verb", *place) for subject in (_THING, _FULL_THING) for place in ((), ("preposition", *_THING))
)


class SpokenSentences(Source):
    """Sentences of three to eight words, each once, in a style that is drawn.

    Args:
        count: how many sentences.
        styles: by name, the ``pitch`` (0 to 99) and the ``rate_wpm`` (words a minute) of each.
        voices: of eSpeak NG, such as ``en`` or ``en+f3``; each sentence is said by one of them, which is drawn.
        lot: 0 to 7; no sentence is in two lots, so that a recogniser can learn from other ones than it judges.

    Raises:
        ConfigError: a lot, a pitch or a rate out of range, or nothing to draw from.
    """

    def __init__(
        self,
        *,
        styles: Mapping[str, Mapping[str, int]],
        voices: Sequence[str] = ("en",),
        count: Count = 1200,
        lot: WholeNumber = 0,
    ) -> None:
        if not 0 <= lot < NUM_LOTS:
            raise _out_of_range("data.lot", lot, f"0 to {NUM_LOTS - 1}")
        for key, given in (("data.styles", styles), ("data.voices", voices)):
            if not given:
                raise ConfigError("config.missing_value", key, None, "there must be at least one", allowed="a name")
        for name, style in styles.items():
            for key, (low, high) in (("pitch", PITCHES), ("rate_wpm", RATES_WPM)):
                if not low <= style.get(key, -1) <= high:
                    raise _out_of_range(f"data.styles.{name}.{key}", style.get(key), f"{low} to {high}")
        self._styles = {name: dict(style) for name, style in styles.items()}
        self._voices = list(voices)
        self._count = count
        self._lot = lot

    def identity(self) -> dict[str, Any]:
        """What is said how, and the version of eSpeak NG's package.

        Raises:
            EnvironmentFault: it is not installed.
        """
        said = {"count": self._count, "lot": self._lot, "styles": self._styles, "voices": self._voices}
        return {"source": "spoken_sentences", "espeakng_loader": espeak_version(), **said}

    def load(self) -> DatasetDict:
        """One split, with the columns above, ``voice``, and the lot and number of each sentence as its name."""
        of_texts, of_styles, of_voices = (np.random.default_rng([self._lot, stream]) for stream in _STREAMS)
        sentences = _sentences(of_texts, self._count, self._lot)
        styles = _drawn(of_styles, list(self._styles), self._count)
        voices = _drawn(of_voices, self._voices, self._count)
        utterances = [
            Utterance(text=text, voice=voice, **self._styles[style])
            for text, style, voice in zip(sentences, styles, voices, strict=True)
        ]
        columns: dict[str, list[Any]] = {
            "text": sentences, "style": styles, "voice": voices, "audio": [], "phonemes": [], "durations": []
        }  # fmt: skip
        for speech in speak(utterances):
            phonemes = phonemes_of(speech)
            columns["audio"].append({"bytes": wav_bytes(speech.samples, sample_rate_hz=SAMPLE_RATE_HZ), "path": None})
            columns["phonemes"].append(" ".join(phoneme.name for phoneme in phonemes))
            columns["durations"].append([(phoneme.end - phoneme.start) / SAMPLE_RATE_HZ for phoneme in phonemes])
        columns[EXAMPLE_COLUMN] = [f"{self._lot}/{number}" for number in range(self._count)]
        return DatasetDict(train=Dataset.from_dict(columns))


def _sentences(rng: np.random.Generator, count: int, lot: int) -> list[str]:
    """Different ones that belong to this lot, in the order in which they are drawn."""
    found: dict[str, None] = {}
    while len(found) < count:
        pattern = _PATTERNS[int(rng.integers(len(_PATTERNS)))]
        sentence = " ".join(_WORDS[kind][int(rng.integers(len(_WORDS[kind])))] for kind in pattern)
        if hashlib.blake2b(sentence.encode(), digest_size=1).digest()[0] % NUM_LOTS == lot:
            found[sentence] = None
    return list(found)


def _drawn(rng: np.random.Generator, choices: Sequence[str], count: int) -> list[str]:
    return [choices[index] for index in rng.integers(len(choices), size=count)]


def _out_of_range(key: str, value: object, allowed: str) -> ConfigError:
    return ConfigError("config.out_of_range", key, value, "is out of range", allowed=allowed)
