"""Utterances by eSpeak NG: the same bytes whenever they are made, and events that say what was said when."""

from __future__ import annotations

import hashlib
import time
from itertools import pairwise

import numpy as np
import pytest
import torch

pytest.importorskip("espeakng_loader")
pytest.importorskip("torchaudio")

from torchaudio.functional import detect_pitch_frequency

from bakeoff.data.sources import espeak
from bakeoff.data.sources.espeak import Speech, Utterance, speak, variants
from bakeoff.errors import ConfigError, EnvironmentFault

SENTENCE = "the small dog runs to the old house"


def digest(spoken: list[Speech]) -> str:
    """Of all samples, in order."""
    return hashlib.sha256(b"".join(speech.samples.tobytes() for speech in spoken)).hexdigest()


@pytest.fixture(scope="module")
def spoken() -> list[Speech]:
    return list(speak([Utterance(text=SENTENCE), Utterance(text=SENTENCE), Utterance(text="dog", voice="en+f3")]))


def test_a_sequence_of_utterances_is_the_same_to_the_byte_each_time(spoken: list[Speech]) -> None:
    time.sleep(1.1)  # eSpeak seeds the breath of f3 with the second of the clock
    again = [Utterance(text=SENTENCE), Utterance(text=SENTENCE), Utterance(text="dog", voice="en+f3")]
    assert digest(list(speak(again))) == digest(spoken)
    assert not np.array_equal(spoken[0].samples, spoken[1].samples), (
        "eSpeak repeats itself: a process a lot is needless"
    )


def test_many_utterances_begin_as_few_do(monkeypatch: pytest.MonkeyPatch, spoken: list[Speech]) -> None:
    """What lies behind a lot does not change it, so that a larger sample begins with a smaller one."""
    monkeypatch.setattr(espeak, "_UTTERANCES_A_PROCESS", 2)
    lots = list(speak([Utterance(text=SENTENCE)] * 5))
    assert digest(lots[:2]) == digest(lots[2:4]) == digest(spoken[:2])


def test_words_and_phonemes_cover_the_sound_in_order(spoken: list[Speech]) -> None:
    for speech in spoken:
        for sounds in (speech.words, speech.phonemes):
            assert all(one.end == other.start for one, other in pairwise(sounds))
            assert all(sound.start <= sound.end for sound in sounds)
            assert sounds[-1].end == len(speech.samples)
    assert [word.name for word in spoken[0].words] == SENTENCE.split()
    assert [sound.name for sound in spoken[2].phonemes if not sound.name.startswith("_")] == ["d", "'0", "g"]


def test_a_faster_voice_is_shorter_and_a_higher_one_has_a_higher_tone() -> None:
    settings = [{"rate_wpm": 120}, {"rate_wpm": 240}, {"pitch": 10}, {"pitch": 90}]
    slow, fast, low, high = (speech.samples for speech in speak([Utterance(text=SENTENCE, **own) for own in settings]))
    assert len(slow) > 1.5 * len(fast)
    assert tone_hz(low) == pytest.approx(77, abs=5)
    assert tone_hz(high) == pytest.approx(152, abs=8)


def tone_hz(samples: np.ndarray) -> float:
    """The median of the voice's tone."""
    wave = torch.tensor(samples.astype(np.float32))
    return float(detect_pitch_frequency(wave, espeak.SAMPLE_RATE_HZ, freq_low=50, freq_high=500).median())


@pytest.mark.parametrize("voice", ["xx", "en+nobody"])
def test_a_voice_that_is_not_there_is_refused_by_name(voice: str) -> None:
    """eSpeak itself takes an unknown variant for none."""
    with pytest.raises(ConfigError, match=rf"data\.voices={voice.replace('+', '.')}: eSpeak NG has no such voice"):
        list(speak([Utterance(text="dog", voice=voice)]))


def test_variants_are_those_of_the_package() -> None:
    assert len(variants()) == 104
    assert {"f1", "m7", "whisper"} <= set(variants())


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    with pytest.raises(EnvironmentFault, match=r"bakeoff\[samples\]"):
        list(speak([Utterance(text="dog")]))
