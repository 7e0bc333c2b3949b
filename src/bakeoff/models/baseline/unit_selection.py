"""Unit selection: the recorded phonemes of training, cut out and put together anew.

Hunt and Black 1996, "Unit selection in a concatenative speech synthesis system using a large speech database", ICASSP.

N texts, F frames, M mel bands, S phonemes of a text.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.data.speech.answers import mels_of, table_of_mels
from bakeoff.models.contracts import FittedModel

_FRAMES, _PLACES = "frames.npy", "units.json"
Key: TypeAlias = tuple[str, ...]
Unit: TypeAlias = tuple[int, int]
"""Its first frame and the frame after its last, of all recordings one after the other."""


class UnitSelection(FittedModel):
    """Of each phoneme the recording between the same neighbours in the same style (Hunt and Black 1996), else any.

    Of several the one of median length. Departures from the paper: neighbours stand for the costs of target and joins,
    and units are frames. Where no durations are known, a recording's frames are shared out evenly.
    """

    def __init__(self) -> None:
        self.frames_FM: NDArray[np.float16] = np.zeros((0, 0), dtype=np.float16)
        self.units: dict[Key, Unit] = {}
        self.in_letters = False

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Keeps all frames, and of each phoneme between its neighbours one place of them."""
        self.in_letters = not spec.reads_phonemes
        mels = mels_of(labels, spec.num_features)
        self.frames_FM = np.concatenate(mels).astype(np.float16)
        found: dict[Key, list[Unit]] = defaultdict(list)
        start = 0
        for script, mel_FM, durations in zip(examples, mels, labels["durations"].to_pylist(), strict=True):
            pieces = self._split(script.pieces)
            lengths_S = np.array(durations) if durations else np.full(len(pieces), len(mel_FM) / len(pieces))
            ends_S = np.rint(np.cumsum(lengths_S) * (len(mel_FM) / lengths_S.sum())).astype(int)
            starts_S = np.concatenate([[0], ends_S[:-1]])
            for keys, first, last in zip(_keys(pieces, script.style), starts_S.tolist(), ends_S.tolist(), strict=True):
                unit = (start + min(first, len(mel_FM) - 1), start + max(last, first + 1))
                for key in keys:
                    found[key].append(unit)
            start += len(mel_FM)
        self.units = {key: _middle(units) for key, units in found.items()}

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """The frames of each text, and of each of its phonemes; one that training never heard is left out."""
        mels, durations = [], []
        for script in examples:
            units = [self._unit(keys) for keys in _keys(self._split(script.pieces), script.style)]
            mels.append(np.concatenate([self.frames_FM[first:last] for first, last in units]))
            durations.append([float(last - first) for first, last in units])
        return table_of_mels(
            [mel if len(mel) else self.frames_FM[:1] for mel in mels], durations, diagonality=np.zeros(len(mels))
        )

    def save(self, folder: Path) -> None:
        """The frames, and the places of units."""
        np.save(folder / _FRAMES, self.frames_FM)
        units = [[list(key), *unit] for key, unit in self.units.items()]
        (folder / _PLACES).write_text(json.dumps({"in_letters": self.in_letters, "units": units}))

    def load(self, folder: Path) -> None:
        """The same again."""
        self.frames_FM = np.load(folder / _FRAMES, mmap_mode="r")
        stored = json.loads((folder / _PLACES).read_text())
        self.in_letters = stored["in_letters"]
        self.units = {tuple(key): (first, last) for key, first, last in stored["units"]}

    def _split(self, pieces: str) -> list[str]:
        return list(pieces) if self.in_letters else pieces.split()

    def _unit(self, keys: Sequence[Key]) -> Unit:
        return next((self.units[key] for key in keys if key in self.units), (0, 0))


def _keys(pieces: Sequence[str], style: str) -> Iterator[list[Key]]:
    """What each phoneme is looked up by, the most particular first: style and both neighbours, one of them, none."""
    padded = ["", *pieces, ""]
    for before, piece, after in zip(padded, pieces, padded[2:], strict=False):
        yield [
            ("both", style, before, piece, after),
            ("left", style, before, piece),
            ("right", style, piece, after),
            ("style", style, piece),
            ("any", piece),
        ]


def _middle(units: list[Unit]) -> Unit:
    """The one of median length, the earlier of equal ones."""
    return sorted(units, key=lambda unit: (unit[1] - unit[0], unit[0]))[(len(units) - 1) // 2]
