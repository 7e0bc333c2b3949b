"""Recordings with a class each as a Lightning data module: what every trial of audio classification reads.

B batch, T frames, K features a frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from bakeoff.data.audio.features import PreparedRecordings
from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.prediction import new_recordings
from bakeoff.data.audio.recorded import RecordedData, checked_speeds
from bakeoff.data.bad_rows import OnBad
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.duplicates import OnDuplicate
from bakeoff.data.framed import LabelledFrames
from bakeoff.data.labelled_audio.columns import LabelledAudioColumns
from bakeoff.data.labelled_audio.prepared import LabelledAudioPreparation, labelled_table, prepare_labelled
from bakeoff.data.labelled_audio.spec import LabelledAudioSpec
from bakeoff.data.labelled_audio.table import LabelledAudioTable
from bakeoff.data.labels import OnMissing, OnRare
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.splits.rule import SplitRule
from bakeoff.ranges import Count, Positive


class LabelledAudio(RecordedData[LabelledAudioSpec], LabelledFrames[LabelledAudioSpec]):
    """Recordings as features, normalised and batched by length, with one class each.

    One batch, ``batch_size=2``, of 40 log-mels every 10 ms::

        frames_BTK   float32 (2, 61, 40)    less the mean of each feature in train, over its deviation; padding is 0
        lengths_B    int64   (2,)           48 61           how many frames are real
        labels_B     int64   (2,)           7 0             spec.class_names[7] == "seven"

    Args:
        name: what the data is called in tables and reports.
        source: where the recordings come from.
        columns: which columns hold what.
        split: how missing splits are made.
        features: what is computed of samples.
        speeds: at which recordings are learnt, 1.0 first; 1.1 is faster and higher.
        max_seconds: longer recordings are left out, with a note.
        batch_size: recordings an optimizer step; evaluation uses larger batches.
        on_bad: ``skip`` puts up with at most 1 % of unreadable recordings.
        on_missing: what becomes of recordings without a class: ``error``, or ``drop`` them, with a note.
        on_rare: what becomes of classes with a single recording, see `OnRare`.
        dedup: what to do about copies of a recording on both sides of a split: ``error``, or ``drop`` the train row.
        allow_leak: keep such copies; the report says so.
        chunk: batches an item of the training loader.
        seed: the trial's seed: validation split, the order of training and the speeds that are drawn.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = LabelledAudioSpec
    _preparation: LabelledAudioPreparation

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: LabelledAudioColumns,
        split: SplitRule,
        features: FrontEnd,
        speeds: Sequence[Positive] = (1.0,),
        max_seconds: Positive = 30.0,
        batch_size: Count = 32,
        on_bad: OnBad = "error",
        on_missing: OnMissing = "error",
        on_rare: OnRare = "error",
        dedup: OnDuplicate = "error",
        allow_leak: bool = False,
        chunk: Count = 1,
        seed: int = 0,
    ) -> None:
        preparation = LabelledAudioPreparation(
            columns=columns,
            split=split,
            front_end=features,
            speeds=checked_speeds(speeds),
            max_seconds=max_seconds,
            on_bad=on_bad,
            on_missing=on_missing,
            on_rare=on_rare,
            dedup=dedup,
            allow_leak=allow_leak,
        )
        super().__init__(
            name=name, source=source, preparation=preparation, batch_size=batch_size, chunk=chunk, seed=seed
        )

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
        return labelled_table(self._source, self._preparation)

    def _prepare(self) -> PreparedRecordings:
        return prepare_labelled(self._source, self._preparation)

    def _describe(self, common: dict[str, Any]) -> LabelledAudioSpec:
        return LabelledAudioSpec(
            **common,
            **self._recordings.class_facts(self._rows["train"]),
            **self._facts_of_recordings(),
            audio_column=self._recordings.column_of["audio"],
        )
