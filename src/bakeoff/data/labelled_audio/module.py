"""Recordings with a class each as a Lightning data module: what every trial of audio classification reads.

B batch, T frames, K features a frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from bakeoff.data.audio.features import PreparedRecordings
from bakeoff.data.audio.prediction import new_recordings
from bakeoff.data.audio.recorded import RecordedData
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.framed import LabelledFrames
from bakeoff.data.labelled_audio.columns import LabelledAudioColumns
from bakeoff.data.labelled_audio.prepared import LabelledAudioPreparation, labelled_table, prepare_labelled
from bakeoff.data.labelled_audio.spec import LabelledAudioSpec
from bakeoff.data.labelled_audio.table import LabelledAudioTable
from bakeoff.data.labels import OnRare
from bakeoff.data.spec import Spec


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class LabelledAudio(RecordedData[LabelledAudioSpec], LabelledFrames[LabelledAudioSpec]):
    """Recordings as features, normalised and batched by length, with one class each.

    One batch, ``batch_size=2``, of 40 log-mels every 10 ms::

        frames_BTK   float32 (2, 61, 40)    less the mean of each feature in train, over its deviation; padding is 0
        lengths_B    int64   (2,)           48 61           how many frames are real
        labels_B     int64   (2,)           7 0             spec.class_names[7] == "seven"

    Args:
        on_rare: what becomes of classes with a single recording, see `OnRare`.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = LabelledAudioSpec
    preparation_class = LabelledAudioPreparation

    columns: LabelledAudioColumns
    on_rare: OnRare = "error"

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the mean and deviation of each feature that a finished run was trained with.

        Raises:
            DataError: other classes, or features that are computed in another way.
        """
        self._require_classes_of(trained)
        assert isinstance(trained, LabelledAudioSpec)
        self._require_front_end_of(trained)
        self._spec = dataclasses.replace(self.spec, mean=trained.mean, std=trained.std)

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """How features are computed."""
        assert isinstance(trained, LabelledAudioSpec)
        return {"features": trained.make_front_end().to_dict()}

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """A recording, a folder of them, or a table that names them; see `bakeoff.data.audio.prediction`."""
        assert isinstance(spec, LabelledAudioSpec)
        return new_recordings(spec, reading, column=spec.audio_column)

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """How long each is."""
        seconds_N = self._recordings.seconds[self._split_rows(split)]
        return [f"{seconds_N[index]:.2f} s" for index in indices]

    def attributes(self, split: Split) -> dict[str, list[float] | list[str]]:
        """How long each is."""
        return {"seconds": self._recordings.seconds[self._split_rows(split)].tolist()}

    def _table(self) -> LabelledAudioTable:
        return labelled_table(self.source, self._preparation)

    def _prepare(self) -> PreparedRecordings:
        return prepare_labelled(self.source, self._preparation)

    def _describe(self, common: dict[str, Any]) -> LabelledAudioSpec:
        return LabelledAudioSpec(
            **common,
            **self._recordings.class_facts(self._rows["train"]),
            **self._facts_of_recordings(),
            audio_column=self._recordings.column_of["audio"],
        )
