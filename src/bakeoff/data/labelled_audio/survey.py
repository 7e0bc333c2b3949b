"""Recordings with classes before they are prepared: lengths and rates by their headers, copies by their bytes."""

from __future__ import annotations

from datasets import DatasetDict

from bakeoff.data.audio.survey import RecordingSurveyor
from bakeoff.data.labelled_audio.columns import LabelledAudioColumns
from bakeoff.data.labelled_audio.table import LabelledAudioTable, read_table


class LabelledAudioSurveyor(RecordingSurveyor[LabelledAudioTable]):
    """Recordings whose headers are looked at, and all classes."""

    def read(self, splits: DatasetDict, columns: LabelledAudioColumns) -> LabelledAudioTable:
        """The undecoded recordings, and the class of each."""
        return read_table(splits, columns, split=self.split, on_missing=self.on_missing)

    def show(self, row: int) -> str:
        """How long it is."""
        return self.length_of(row)


SURVEYOR = LabelledAudioSurveyor
