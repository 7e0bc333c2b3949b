"""Texts to be spoken before they are prepared: as recordings, with their pieces and styles."""

from __future__ import annotations

from collections.abc import Sequence

from datasets import DatasetDict

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.survey import AudioSurveyor
from bakeoff.data.speech.table import SpeechTable, read_table


class SpeechSurveyor(AudioSurveyor):
    """Recordings whose headers are looked at, and all that is said in them."""

    table: SpeechTable

    def read(self, splits: DatasetDict, columns: AudioColumns) -> SpeechTable:
        """The undecoded recordings, with transcript, pieces, durations and style of each."""
        return read_table(splits, columns, split=self.split, on_missing=self.on_missing)

    def measures(self) -> dict[str, Sequence[float]]:
        """As of recordings, and phonemes where there are any."""
        pieces = self.table.pieces
        own = {"phonemes": [len(text.split()) for text in pieces]} if pieces != self.table.texts else {}
        return {**super().measures(), **own}

    def show(self, row: int) -> str:
        """How long it is, how it is said, and what."""
        return f"{super().show(row)} ({self.table.styles[row]})"


SURVEYOR = SpeechSurveyor
