"""Recordings with transcripts as a Lightning data module: what every trial of speech recognition reads.

B batch, T frames, K features a frame, L tokens.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.prediction import new_recordings
from bakeoff.data.audio.prepared import AudioPreparation, PreparedAudio, audio_table, prepare_audio
from bakeoff.data.audio.recorded import RecordedData
from bakeoff.data.audio.spec import TranscribedAudioSpec
from bakeoff.data.audio.table import AudioTable
from bakeoff.data.contract import NewExamples, Reading, Split
from bakeoff.data.spec import Spec
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.module import vocabulary_difference
from bakeoff.data.text.ngrams import count_ngrams
from bakeoff.data.text.prepared import encode
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from
from bakeoff.ranges import WholeNumber
from bakeoff.tables import table_of


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class TranscribedAudio(RecordedData[TranscribedAudioSpec]):
    """Recordings as features, normalised and batched by length, and their transcripts as tokens.

    One batch, ``batch_size=2``, of 40 log-mels every 10 ms and characters as tokens; ``.`` is padding (0)::

        frames_BTK   float32 (2, 161, 40)   less the mean of each feature in train, over its deviation; padding is 0
        lengths_B    int64   (2,)           148 161         how many frames are real
        targets_BL   int64   (2, 9)         o n e   t w o . .
                                            t h r e e   s i x

    Inputs are ``(frames_BTK, lengths_B)``, targets ``targets_BL``. With several ``speeds`` each recording of training
    is heard at one that is drawn anew in each epoch; validation and test at the first, 1.0.

    Args:
        tokenizer: what a token of a transcript is.
        ngram_order: sequences of up to so many tokens are counted in train, for beam search to go by; 0: none.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class: ClassVar[type[TranscribedAudioSpec]] = TranscribedAudioSpec
    preparation_class = AudioPreparation

    columns: AudioColumns
    tokenizer: TokenizerRule
    ngram_order: WholeNumber = 0

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the vocabulary, mean and deviation that a finished run was trained with.

        Raises:
            DataError: features are computed in another way.
        """
        assert isinstance(trained, TranscribedAudioSpec)
        self._require_front_end_of(trained)
        texts, tokenizer = self._audio.texts, tokenizer_from(trained.tokenizer)
        every = [texts.text(row) for row in range(len(texts.offsets) - 1)]
        ids, _ = encode(every, tokenizer, role="transcript", labelled=False, max_length=None)
        self._tokens = Ragged.of(ids, dtype=np.int32)
        self._spec = dataclasses.replace(
            self.spec,
            tokenizer=trained.tokenizer,
            vocab_size=trained.vocab_size,
            mean=trained.mean,
            std=trained.std,
            ngrams=trained.ngrams,
        )

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """How features are computed, and transcripts spelled."""
        assert isinstance(trained, TranscribedAudioSpec)
        return {"features": trained.make_front_end().to_dict(), "spelling": trained.spelling}

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """A recording, a folder of them, or a table that names them; see `bakeoff.data.audio.prediction`."""
        assert isinstance(spec, TranscribedAudioSpec)
        return new_recordings(spec, reading, column=spec.audio_column)

    def _targets(self, rows: Rows) -> Tensor:
        return torch.from_numpy(self._tokens.padded(rows))

    # What is said of examples -----------------------------------------------------------------------------------------

    def labels(self, split: Split) -> pa.Table:
        """The ``text`` of each recording, and its ``frames``."""
        rows = self._split_rows(split)
        texts = pa.array([self._audio.texts.text(row) for row in rows.tolist()], pa.string())
        return table_of(text=texts, frames=self._lengths(split)[rows])

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """How long each is, and what is said."""
        audio, rows = self._audio, self._split_rows(split)
        return [f"{audio.seconds[rows[index]]:.2f} s: {audio.texts.text(rows[index])}" for index in indices]

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether vocabulary, mean and deviation are those of the rows that may be used, from the frames themselves."""
        return self._features_problem(recorded) or vocabulary_difference(recorded["tokenizer"], self._fitted_again)

    def _features_problem(self, recorded: dict[str, Any]) -> str | None:
        if problem := self._frames_problem(recorded):
            return problem
        return None if recorded["ngrams"] == self._ngrams() else "the n-grams used are not those of train"

    @cached_property
    def _fitted_again(self) -> dict[str, Any]:
        audio = self._audio
        rows = np.setdiff1d(audio.pool, np.concatenate([audio.val, audio.test]))
        return fit_tokenizer(self._preparation.tokenizer, [audio.texts.text(row) for row in rows.tolist()]).to_dict()

    def _table(self) -> AudioTable:
        return audio_table(self.source, self._preparation)

    @property
    def _audio(self) -> PreparedAudio:
        found: PreparedAudio = self._prepared
        return found

    def _prepare(self) -> PreparedAudio:
        prepared = prepare_audio(self.source, self._preparation)
        self._tokens = prepared.tokens
        return prepared

    def _ngrams(self) -> dict[str, int]:
        if not self.ngram_order:
            return {}
        return count_ngrams((self._tokens.row(row).tolist() for row in self._split_rows("train")), self.ngram_order)

    def _describe(self, common: dict[str, Any]) -> TranscribedAudioSpec:
        audio, train = self._audio, self._rows["train"]
        return TranscribedAudioSpec(
            **common,
            **self._facts_of_recordings(),
            tokenizer=audio.tokenizer.to_dict(),
            vocab_size=audio.tokenizer.vocab_size,
            spelling=self._preparation.columns.spelling,
            ngrams=self._ngrams(),
            steps_needed=float(np.mean([_steps_needed(self._tokens.row(row)) for row in train.tolist()])),
            audio_column=audio.column_of["audio"],
        )


def _steps_needed(tokens: NDArray[Any]) -> int:
    return len(tokens) + int((tokens[1:] == tokens[:-1]).sum())
