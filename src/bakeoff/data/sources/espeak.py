"""Utterances by eSpeak NG, which the package `espeakng-loader` brings with its voices: samples, words and phonemes.

eSpeak keeps state: the same sentence has other samples at each call of a process, while a fresh process repeats its
sequence of calls byte for byte, once the noise of its variants is seeded. So utterances are spoken in their order, each
so many by a process of its own.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.sources import espeak_process
from bakeoff.data.sources.packages import package_version, sample_package
from bakeoff.errors import ConfigError, EnvironmentFault

PACKAGE = "espeakng-loader"
SAMPLE_RATE_HZ = 22_050
PAUSE = "_"
_UTTERANCES_A_PROCESS = 200  # what any one of them sounds like depends on those before it
_PROCESSES = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Utterance:
    """What is to be said.

    Args:
        text: words.
        voice: a language, and after a plus sign a variant of its voice: ``en``, ``en+f3``; see `variants`.
        pitch: 0 to 99; 50 is the voice's own.
        rate_wpm: words a minute, 80 to 450.
    """

    text: str
    voice: str = "en"
    pitch: int = 50
    rate_wpm: int = 175


@dataclasses.dataclass(frozen=True)
class Sound:
    """A piece of an utterance.

    Args:
        name: the written word, or the phoneme as eSpeak spells it, stress marks before it; pauses begin with ``_``.
        position: of the written word that it belongs to, in characters from the beginning of the text.
        start: its first sample.
        end: the sample after its last one.
    """

    name: str
    position: int
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Speech:
    """An utterance as it was said, at 22,050 Hz.

    ``words`` are those that eSpeak counts, not the written ones: "21" is two, "of the" one.
    """

    samples: NDArray[np.int16]
    words: tuple[Sound, ...]
    phonemes: tuple[Sound, ...]


def espeak_version() -> str:
    """The version of the package and the seed, which fix every sample.

    Raises:
        EnvironmentFault: it is not installed.
    """
    return f"{package_version(PACKAGE)}, seed {espeak_process.SEED}"


def variants() -> list[str]:
    """The variants of a voice that are there, by name.

    Raises:
        EnvironmentFault: the package is not installed.
    """
    folder = Path(sample_package("espeakng_loader").get_data_path()) / "voices" / "!v"
    return sorted(file.name for file in folder.iterdir())


def speak(utterances: Sequence[Utterance]) -> Iterator[Speech]:
    """Each utterance in turn; the same ones at the same places of the sequence are byte-identical.

    Raises:
        ConfigError: eSpeak has no such voice, or no such variant of it, which it would leave out without a word.
        EnvironmentFault: the package is not installed, or can't be used here.
    """
    loader, known = sample_package("espeakng_loader"), set(variants())
    for utterance in utterances:
        if "+" in utterance.voice and utterance.voice.split("+", 1)[1] not in known:
            raise _unknown_voice(utterance.voice)
    where = {"library": loader.get_library_path(), "data": loader.get_data_path()}
    lots = [
        utterances[start : start + _UTTERANCES_A_PROCESS] for start in range(0, len(utterances), _UTTERANCES_A_PROCESS)
    ]
    with ThreadPoolExecutor(_PROCESSES) as pool:
        for spoken in pool.map(lambda lot: _speak_lot(lot, where), lots):
            yield from spoken


def phonemes_of(speech: Speech) -> list[Sound]:
    """Phonemes from first sample to last; those of no length are part of the one before, pauses have one name."""
    found: list[Sound] = []
    for phoneme in speech.phonemes:
        name = PAUSE if phoneme.name.startswith(PAUSE) else phoneme.name
        if found and (phoneme.end == phoneme.start or name == found[-1].name == PAUSE):
            found[-1] = Sound(found[-1].name, found[-1].position, found[-1].start, phoneme.end)
        else:
            found.append(Sound(name, phoneme.position, phoneme.start if found else 0, phoneme.end))
    return found


def _speak_lot(lot: Sequence[Utterance], where: dict[str, str]) -> list[Speech]:
    said = [dataclasses.astuple(utterance) for utterance in lot]
    command = [sys.executable, "-I", espeak_process.__file__]
    asked = json.dumps({**where, "utterances": said}).encode()
    answer = subprocess.run(command, input=asked, capture_output=True, check=False)
    if answer.returncode == espeak_process.UNKNOWN_VOICE:
        raise _unknown_voice(answer.stderr.decode())
    if answer.returncode != 0:
        problem = f"eSpeak NG could not be used ({answer.stderr.decode(errors='replace').strip()[-200:]})"
        raise EnvironmentFault("env.espeak_failed", "data", PACKAGE, problem, next_step="reinstall 'bakeoff[samples]'")
    return _read(lot, answer.stdout)


def _read(lot: Sequence[Utterance], stream: bytes) -> list[Speech]:
    """The utterances that a process wrote."""
    line, place = _line(stream, 0)
    if line["sample_rate_hz"] != SAMPLE_RATE_HZ:
        problem = f"eSpeak NG speaks at {line['sample_rate_hz']} Hz, not at {SAMPLE_RATE_HZ}"
        raise EnvironmentFault("env.espeak_failed", "data", PACKAGE, problem, next_step="reinstall 'bakeoff[samples]'")
    found = []
    for utterance in lot:
        header, place = _line(stream, place)
        samples = np.frombuffer(stream, np.int16, header["samples"], place)
        place += samples.nbytes
        words = [(utterance.text[at : at + length], at, start) for at, length, start in header["words"]]
        found.append(Speech(samples, _sounds(words, len(samples)), _sounds(header["phonemes"], len(samples))))
    return found


def _line(stream: bytes, place: int) -> tuple[dict[str, Any], int]:
    end = stream.index(b"\n", place)
    return json.loads(stream[place:end]), end + 1


def _sounds(events: Sequence[Any], num_samples: int) -> tuple[Sound, ...]:
    """Events with their ends, which are the starts of the next."""
    ends = [start for _, _, start in events[1:]] + [num_samples]
    return tuple(Sound(name, at, start, end) for (name, at, start), end in zip(events, ends, strict=True))


def _unknown_voice(voice: str) -> ConfigError:
    problem = "eSpeak NG has no such voice"
    allowed = "a language of eSpeak NG such as en, alone or with + and one of its variants, such as en+f3"
    return ConfigError("config.unknown_choice", "data.voices", voice, problem, allowed=allowed)
