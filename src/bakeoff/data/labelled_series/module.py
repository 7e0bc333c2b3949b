"""Series with a class each as a Lightning data module: what every trial of series classification reads.

B batch, T steps, K channels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from bakeoff.data.contract import LazyRows, NewExamples, Reading, Split
from bakeoff.data.framed import LabelledFrames
from bakeoff.data.frames import batches_of
from bakeoff.data.labelled_series.columns import LabelledSeriesColumns
from bakeoff.data.labelled_series.corruptions import CORRUPTIONS, corrupted_series
from bakeoff.data.labelled_series.prediction import new_series, require_channels
from bakeoff.data.labelled_series.prepared import PreparedSeries, SeriesPreparation, prepare_series, scaled
from bakeoff.data.labelled_series.spec import LabelledSeriesSpec, Scaling
from bakeoff.data.labelled_series.table import Fill, Values, shown
from bakeoff.data.labels import OnMissing, OnRare
from bakeoff.data.spec import Spec
from bakeoff.data.text.ragged import Ragged
from bakeoff.ranges import Count

_EVALUATION_ROWS = 64


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class LabelledSeries(LabelledFrames[LabelledSeriesSpec]):
    """Series of one or several channels and any length, batched by length.

    One batch, ``batch_size=2``, of series of one channel; ``0`` at the end of the second is padding::

        frames_BTK   float32 (2, 5, 1)    -0.6 -0.6 1.2 1.1 -0.4
                                           0.3  0.9 -1.1 0   0      less the mean of the channel in train, over its
                                                                    deviation
        lengths_B    int64   (2,)         5 3
        labels_B     int64   (2,)         1 0                       spec.class_names[1] == "point"

    Args:
        scaling: by the mean and deviation of each channel in ``train``; ``series`` brings each series to mean 0 and
            deviation 1 by its own values first, as the UCR archive did.
        fill: what becomes of missing values: ``error``, or the value on the line between neighbours (``linear``) or
            ``zero`` in their place.
        on_missing: what becomes of series without a class: ``error``, or ``drop`` them, with a note.
        on_rare: what becomes of classes with a single series, see `OnRare`.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = LabelledSeriesSpec
    noun = "series"
    sent_as = (".jsonl", ".csv")
    corruptions = CORRUPTIONS
    preparation_class = SeriesPreparation

    columns: LabelledSeriesColumns
    scaling: Scaling = "train"
    fill: Fill = "error"
    batch_size: Count = 16
    on_missing: OnMissing = "error"
    on_rare: OnRare = "error"

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the mean and deviation of each channel that a finished run was trained with.

        Raises:
            DataError: other classes, or another number of channels.
        """
        self._require_classes_of(trained)
        assert isinstance(trained, LabelledSeriesSpec)
        require_channels(self.spec.num_features, trained, name=self.name)
        self._spec = dataclasses.replace(self.spec, mean=trained.mean, std=trained.std)

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """How series are scaled."""
        assert isinstance(trained, LabelledSeriesSpec)
        return {"scaling": trained.scaling}

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """A file of series as in training, whose classes need not be known; see `prediction`."""
        assert isinstance(spec, LabelledSeriesSpec)
        return new_series(spec, reading)

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """How long each is, and its first values."""
        return [shown(own_TK) for own_TK in self._series(split, indices)]

    def raw(self, split: Split) -> Sequence[Values]:
        """Each series, ``(T, K)``."""
        return LazyRows(self.num_examples(split), lambda indices: self._series(split, indices))

    def attributes(self, split: Split) -> dict[str, list[float] | list[str]]:
        """How long each is."""
        return {"steps": self._frames.lengths(self._split_rows(split)).astype(float).tolist()}

    def corrupted(self, split: Split, name: str, severity: int) -> NewExamples:
        """Noise, missing steps, a weaker signal or a shift, then scaled as ever."""
        spoilt = corrupted_series(list(self.raw(split)), name, CORRUPTIONS[name].amount(severity))
        spoilt = [scaled(own_TK, self._preparation.scaling) for own_TK in spoilt]
        loader = batches_of(Ragged.of(spoilt, dtype=np.float32), self.spec, max(self.batch_size, _EVALUATION_ROWS))
        return NewExamples({"series": self.examples(split)}, spoilt, loader)

    def _series(self, split: Split, indices: Sequence[int]) -> list[Values]:
        return [np.array(self._frames.row(int(row))) for row in self._split_rows(split)[list(indices)]]

    @property
    def _frames(self) -> Ragged:
        found: Ragged = self._prepared.frames
        return found

    def _prepare(self) -> PreparedSeries:
        return prepare_series(self.source, self._preparation)

    def _describe(self, common: dict[str, Any]) -> LabelledSeriesSpec:
        classes = self._prepared.class_facts(self._rows["train"])
        return LabelledSeriesSpec(**common, **classes, **self._facts_of_frames(), scaling=self._preparation.scaling)
