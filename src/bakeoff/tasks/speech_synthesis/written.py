"""What `predict` writes of texts: a WAV file each, in the style that was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bakeoff.data.audio.wav import wav_bytes
from bakeoff.data.contract import Inputs, NewExamples
from bakeoff.files import atomic_writer

_UNSAFE = re.compile(r"[^\w.-]+")


def in_style(new: NewExamples, style: int) -> NewExamples:
    """The same texts in another style, by its number."""
    batches = [(tokens_BS, torch.full((len(tokens_BS),), style)) for tokens_BS, _ in new.loader]
    return replace(new, loader=Inputs(batches, new.loader.positions))


def write_sounds(folder: Path, names: Sequence[str], sounds: Sequence[np.ndarray], sample_rate_hz: int) -> list[Path]:
    """A WAV file of each, called by the place of its text; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{_UNSAFE.sub('_', str(name))}.wav" for name in names]
    for file, sound in zip(files, sounds, strict=True):
        with atomic_writer(file) as opened:
            opened.write(wav_bytes(sound, sample_rate_hz=sample_rate_hz))
    return files
