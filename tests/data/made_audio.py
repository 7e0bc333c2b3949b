"""Recordings for tests: tones, as bytes of a format."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 16_000


def tone(seconds: float = 0.5, *, hz: float = 440.0, rate_hz: int = RATE_HZ, level: float = 0.3) -> np.ndarray:
    """A sine."""
    steps_T = np.arange(round(seconds * rate_hz))
    return (level * np.sin(2 * np.pi * hz * steps_T / rate_hz)).astype(np.float32)


def encoded(samples: np.ndarray, *, rate_hz: int = RATE_HZ, form: str = "WAV", subtype: str | None = None) -> bytes:
    """Samples ``(T,)`` or ``(T, C)`` as a file."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=form, subtype=subtype)
    return file.getvalue()


def without_length(wav: bytes) -> bytes:
    """As programs write a WAV into a pipe."""
    place = wav.index(b"data") + 4
    unknown = b"\xff\xff\xff\xff"
    return wav[:4] + unknown + wav[8:place] + unknown + wav[place + 4 :]


def flac_without_length(flac: bytes) -> bytes:
    """As encoders write a FLAC into a pipe: no number of samples in its first block."""
    changed = bytearray(flac)
    changed[21] &= 0xF0
    changed[22:26] = bytes(4)
    return bytes(changed)


def write_folder(folder: Path, transcripts: list[str], *, column: str = "text", speakers: int = 0) -> Path:
    """A metadata.csv and a WAV a transcript, each of another length and pitch."""
    lines = [f"file_name,{column}" + ",speaker" * bool(speakers)]
    for row, text in enumerate(transcripts):
        samples = tone(0.3 + 0.05 * (row % 7), hz=200 + 20 * row)
        (folder / f"{row:02d}.wav").write_bytes(encoded(samples))
        lines.append(f'{row:02d}.wav,"{text}"' + (f",s{row % speakers}" if speakers else ""))
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder
