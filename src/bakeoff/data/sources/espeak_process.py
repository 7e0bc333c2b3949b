"""A fresh process that speaks utterances with eSpeak NG, one after the other; `espeak.py` starts it.

It runs as a script and needs nothing but the standard library. Standard input has one JSON object: the paths
``library`` and ``data``, and ``utterances``, each ``[text, voice, pitch, rate_wpm]``. Standard output has a line
of JSON with ``sample_rate_hz``, then of each utterance one (``samples``, a count; ``words`` and ``phonemes``, events
with their first sample) and its samples, int16 in the machine's order. It ends with status 3 and the voice on
standard error where eSpeak has no such voice.

The constants and structures are those of eSpeak NG's ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

_SYNCHRONOUS, _PHONEME_EVENTS, _DO_NOT_EXIT = 2, 1, 0x8000
_RATE, _PITCH = 1, 3
_BY_CHARACTER, _UTF8 = 1, 1
_LIST_ENDS, _WORD, _PHONEME = 0, 1, 7
SEED = 1
UNKNOWN_VOICE = 3


class _Said(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Said),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Speaker:
    """eSpeak NG, loaded into this process.

    Args:
        library: the shared library's file.
        data: the folder of voices and phonemes.
    """

    def __init__(self, library: str, data: str) -> None:
        self._library = ctypes.CDLL(library)
        self.sample_rate_hz = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, data.encode(), _PHONEME_EVENTS | _DO_NOT_EXIT
        )
        self._samples: list[bytes] = []
        self._words: list[tuple[int, int, int]] = []
        self._phonemes: list[tuple[str, int, int]] = []
        self._heard = _CALLBACK(self._hear)  # kept: the library holds its address
        self._library.espeak_SetSynthCallback(self._heard)
        # Initialisation seeds the noise of variants such as f3 with the second of the clock: other samples each second.
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))

    def speak(self, text: str, voice: str, pitch: int, rate_wpm: int) -> tuple[dict[str, Any], bytes]:
        """The header and the samples of one utterance; a voice that is not known raises a `LookupError`."""
        for heard in (self._samples, self._words, self._phonemes):
            heard.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise LookupError(voice)
        self._library.espeak_SetParameter(_RATE, rate_wpm, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
        samples = b"".join(self._samples)
        header = {"samples": len(samples) // 2, "words": self._words, "phonemes": self._phonemes}
        return header, samples

    def _hear(self, wave: Any, num_samples: int, events: Any) -> int:
        if num_samples > 0:
            self._samples.append(ctypes.string_at(wave, 2 * num_samples))
        place = 0
        while events[place].type != _LIST_ENDS:
            event = events[place]
            if event.type == _WORD:
                self._words.append((event.text_position - 1, event.length, event.sample))
            elif event.type == _PHONEME:
                self._phonemes.append((event.id.string.decode(), event.text_position - 1, event.sample))
            place += 1
        return 0


def main() -> int:
    """Speak what standard input asks for; the exit status."""
    asked = json.load(sys.stdin)
    speaker = Speaker(asked["library"], asked["data"])
    out = sys.stdout.buffer
    out.write(json.dumps({"sample_rate_hz": speaker.sample_rate_hz}).encode() + b"\n")
    for text, voice, pitch, rate_wpm in asked["utterances"]:
        try:
            header, samples = speaker.speak(text, voice, pitch, rate_wpm)
        except LookupError:
            sys.stderr.write(voice)
            return UNKNOWN_VOICE
        out.write(json.dumps(header).encode() + b"\n")
        out.write(samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
