"""What data of recordings shares, whatever is said of them: features at several speeds, and the recordings themselves.

B batch, T frames, K features a frame.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
from datasets import Dataset

from bakeoff.data.audio.corruptions import CORRUPTIONS, corrupted_recording
from bakeoff.data.audio.features import PreparedRecordings
from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.recordings import Recording, read_recording
from bakeoff.data.audio.spec import AudioSpec
from bakeoff.data.audio.table import RecordingTable
from bakeoff.data.bad_rows import OnBad
from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.loaders import MadeLoader
from bakeoff.data.batches.order import EpochSampler
from bakeoff.data.contract import LazyRows, NewExamples, Split
from bakeoff.data.corruption import SEED
from bakeoff.data.framed import FramedData
from bakeoff.data.frames import batches_of, padded_frames
from bakeoff.data.labels import OnMissing
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.ragged import Ragged
from bakeoff.errors import ConfigError, DataError
from bakeoff.ranges import Count, Positive

AnyAudioSpec = TypeVar("AnyAudioSpec", bound=AudioSpec)
_SPEED_STREAM = 7
_EVALUATION_ROWS = 64


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class RecordedData(FramedData[AnyAudioSpec]):
    """Recordings as features, of which training hears each at a speed that is drawn anew in each epoch.

    Args:
        features: what is computed of samples.
        speeds: at which recordings are learnt, 1.0 first; 1.1 is faster and higher.
        max_seconds: longer recordings are left out, with a note.
        on_bad: ``skip`` puts up with at most 1 % of unreadable recordings.
        on_missing: what becomes of recordings without what is to be said of them: ``error``, or ``drop`` them, with a
            note.
    """

    noun = "recording"
    sent_as = (".wav", ".flac")
    corruptions = CORRUPTIONS

    features: FrontEnd
    speeds: Sequence[Positive] = (1.0,)
    max_seconds: Positive = 30.0
    on_bad: OnBad = "error"
    on_missing: OnMissing = "error"
    batch_size: Count = 32

    def _read_as(self) -> dict[str, Any]:
        return {"front_end": self.features, "speeds": checked_speeds(self.speeds)}

    @abc.abstractmethod
    def _table(self) -> RecordingTable:
        """The undecoded rows, in the order of the prepared arrays."""

    def train_dataloader(self) -> MadeLoader:
        """By length and ``(seed, epoch)``, each recording at a speed that these draw too."""
        plan = self._training_plan()
        return MadeLoader(plan, partial(self._drawn_batch, plan.sampler), chunk=self.chunk)

    def raw(self, split: Split) -> Sequence[Recording]:
        """The recordings, read again from the source when they are asked for."""
        rows = self._split_rows(split)
        return LazyRows(len(rows), lambda indices: [self._recording(int(rows[index])) for index in indices])

    def corrupted(self, split: Split, name: str, severity: int) -> NewExamples:
        """Noise, gaps, a lower level or a shift, of which features are computed as ever."""
        rng, front_end = np.random.default_rng(SEED), self._preparation.front_end
        amount = CORRUPTIONS[name].amount(severity)
        spoilt = [corrupted_recording(whole, name, amount, rng) for whole in self.raw(split)]
        features = Ragged.of([front_end.of(recording) for recording in spoilt], dtype=np.float32)
        loader = batches_of(features, self.spec, max(self.batch_size, _EVALUATION_ROWS))
        return NewExamples({"file": self.examples(split)}, spoilt, loader)

    def _drawn_batch(self, sampler: EpochSampler, rows: Rows) -> Batch:
        features = self._recordings.features
        if len(features) == 1:
            return self._batch("train", rows)
        drawn = np.random.default_rng([self.seed, sampler.epoch, _SPEED_STREAM])
        speeds_N = drawn.integers(len(features), size=len(self._recordings.examples))
        of_rows = [features[speed] for speed in speeds_N[rows].tolist()]
        inputs = padded_frames(of_rows, rows, mean=self.spec.mean, std=self.spec.std)
        return Batch(inputs, self._targets(rows), len(rows))

    @cached_property
    def _records(self) -> Dataset:
        return self._table().records

    def _recording(self, row: int) -> Recording:
        return read_recording(self._records[row]["audio"])

    @property
    def _frames(self) -> Ragged:
        return self._recordings.features[0]

    @property
    def _recordings(self) -> PreparedRecordings:
        found: PreparedRecordings = self._prepared
        return found

    def _facts_of_recordings(self) -> dict[str, Any]:
        """What an `AudioSpec` has, of this trial's train rows; slower speeds have more frames."""
        train = self._rows["train"]
        most = max(int(features.lengths(train).max()) for features in self._recordings.features)
        return self._facts_of_frames() | {"max_frames": most, "front_end": self._preparation.front_end.facts()}

    def _require_front_end_of(self, trained: AudioSpec) -> None:
        """Nothing, if features are computed as those of a run.

        Raises:
            DataError: in another way.
        """
        if trained.make_front_end() != self._preparation.front_end:
            problem = "its features are computed in another way than those of the run"
            raise DataError("data.other_features", "data", self.name, problem, next_step="give the run's data.features")


def checked_speeds(speeds: Sequence[float]) -> tuple[float, ...]:
    """The speeds.

    Raises:
        ConfigError: 1.0 does not come first, or one is below a half or above 2.
    """
    if not speeds or speeds[0] != 1.0 or min(speeds) < 0.5 or max(speeds) > 2:
        problem, allowed = "are no speeds to learn at", "1.0 first, then others from 0.5 to 2, such as [1.0,0.9,1.1]"
        raise ConfigError("config.out_of_range", "data.speeds", list(speeds), problem, allowed=allowed)
    return tuple(speeds)
