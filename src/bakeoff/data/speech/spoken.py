"""Texts to be spoken as a Lightning data module: what every trial of speech synthesis reads.

B batch, S tokens, F frames, M mel bands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from bakeoff.data.audio.transcribed import TranscribedAudio
from bakeoff.data.batches.batch import Batch
from bakeoff.data.batches.by_length import BatchedByLength
from bakeoff.data.batches.loaders import MadeLoader
from bakeoff.data.contract import LazyRows, NewExamples, Reading, Split
from bakeoff.data.frames import padded_frames
from bakeoff.data.spec import Spec
from bakeoff.data.speech.answers import table_of_mels
from bakeoff.data.speech.prediction import new_scripts
from bakeoff.data.speech.prepared import PreparedSpeech, piece_rule, prepare_speech
from bakeoff.data.speech.spec import SpeechSpec
from bakeoff.data.splits.splitting import Rows
from bakeoff.data.text.module import longest, vocabulary_difference
from bakeoff.data.text.prepared import encode
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from
from bakeoff.errors import ConfigError, DataError


@dataclasses.dataclass(frozen=True)
class Script:
    """What is to be said.

    Attributes:
        text: the transcript.
        pieces: as it is read: phonemes with blanks between them, or the transcript.
        style: how.
    """

    text: str
    pieces: str
    style: str

    def __str__(self) -> str:
        """The text, and what is not plain of it."""
        said = f" [{self.pieces}]" if self.pieces != self.text else ""
        return f"{self.text}{said} ({self.style})"


class SpokenTexts(TranscribedAudio):
    """Texts as tokens, and recordings of them as normalised log-mel frames: `TranscribedAudio` the other way round.

    One batch, ``batch_size=2``, of phonemes and 64 bands every 12.5 ms; ``.`` is padding (0)::

        tokens_BS      int64   (2, 7)         D @ d '0 g s _          what is to be said
                                              a# k 'I N _ . .
        styles_B       int64   (2,)           1 0                     how
        frames_BFM     float32 (2, 74, 64)    less the mean of each band in train, over its deviation; padding is 0
        durations_BS   float32 (2, 7)         frames of each token, 0 at padding; all of a text alike where not known

    Inputs are all four, of which the decoder hears ``frames_BFM`` a step late; to predict, the first two alone. Targets
    are ``(frames_BFM, num_frames_B, durations_BS)``. The arguments are those of `TranscribedAudio`; ``features`` are
    log-mels, and recordings are learnt at their own speed.

    Raises:
        ConfigError: other features, or several speeds.
    """

    spec_class = SpeechSpec
    noun = "text"
    _piece_tokens: Ragged

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the vocabulary, styles, mean and deviation that a finished run was trained with.

        Raises:
            DataError: features are computed in another way, or there are styles that the run does not know.
        """
        assert isinstance(trained, SpeechSpec)
        self._require_front_end_of(trained)
        foreign = [name for name in self._speech.style_names if name not in trained.style_names]
        if foreign:
            problem = f"the run knows no style {', '.join(foreign)}"
            raise DataError(
                "data.unknown_style", "data.columns.style", foreign[0], problem, allowed=trained.style_names
            )
        pieces, tokenizer = self._speech.pieces, tokenizer_from(trained.tokenizer)
        every = [pieces.text(row) for row in range(len(pieces.offsets) - 1)]
        ids, _ = encode(every, tokenizer, role="text", labelled=False, max_length=None)
        self._piece_tokens = Ragged.of(ids, dtype=np.int32)
        names = ("tokenizer", "vocab_size", "mean", "std", "style_names", "knows_durations")
        self._spec = dataclasses.replace(self.spec, **{name: getattr(trained, name) for name in names})

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """A text, a file of one text a line, or a table; see `bakeoff.data.speech.prediction`."""
        assert isinstance(spec, SpeechSpec)
        return new_scripts(spec, reading)

    # Loaders ----------------------------------------------------------------------------------------------------------

    def train_dataloader(self) -> MadeLoader:
        """By length and ``(seed, epoch)``."""
        return BatchedByLength.train_dataloader(self)

    def _lengths(self, split: Split, *, inputs_only: bool = False) -> Rows:
        speech = self._speech
        return np.diff(speech.piece_tokens.offsets if inputs_only else speech.features[0].offsets)

    def _inputs(self, split: Split, rows: Rows) -> tuple[Tensor, Tensor]:
        spec = self.spec
        assert isinstance(spec, SpeechSpec)
        number_of = {name: number for number, name in enumerate(spec.style_names)}
        numbers = [number_of[self._speech.style_names[style]] for style in self._speech.styles[rows].tolist()]
        return torch.from_numpy(self._piece_tokens.padded(rows)), torch.tensor(numbers)

    def _batch(self, split: Split, rows: Rows) -> Batch:
        speech = self._speech
        frames_BFM, num_frames_B = padded_frames(
            [speech.features[0]] * len(rows), rows, mean=self.spec.mean, std=self.spec.std
        )
        durations = [torch.from_numpy(np.array(speech.durations.row(row))) for row in rows.tolist()]
        durations_BS = torch.nn.utils.rnn.pad_sequence(durations, batch_first=True)
        inputs = (*self._inputs(split, rows), frames_BFM, durations_BS)
        return Batch(inputs, (frames_BFM, num_frames_B, durations_BS), len(rows))

    # What is said of examples -----------------------------------------------------------------------------------------

    def labels(self, split: Split) -> pa.Table:
        """``mel`` and ``durations`` of the recording of each text, its ``text`` and its ``tone_hz``."""
        speech, rows = self._speech, self._split_rows(split)
        return table_of_mels(
            [speech.features[0].row(row) for row in rows.tolist()],
            [speech.durations.row(row).tolist() if speech.knows_durations else None for row in rows.tolist()],
            text=pa.array([speech.texts.text(row) for row in rows.tolist()], pa.string()),
            tone_hz=speech.tones_hz[rows],
        )

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """What is to be said, and how."""
        return [str(self._script(int(row))) for row in self._split_rows(split)[list(indices)]]

    def raw(self, split: Split) -> Sequence[Any]:
        """Scripts."""
        rows = self._split_rows(split)
        return LazyRows(len(rows), lambda indices: [self._script(int(rows[index])) for index in indices])

    def _script(self, row: int) -> Script:
        speech = self._speech
        style = speech.style_names[int(speech.styles[row])]
        return Script(speech.texts.text(row), speech.pieces.text(row), style)

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """As of recordings, with the vocabulary of what is read."""
        return self._features_problem(recorded) or vocabulary_difference(recorded["tokenizer"], self._fitted_again)

    @cached_property
    def _fitted_again(self) -> dict[str, Any]:
        speech = self._speech
        rows = np.setdiff1d(speech.pool, np.concatenate([speech.val, speech.test]))
        return fit_tokenizer(
            piece_rule(self._preparation), [speech.pieces.text(row) for row in rows.tolist()]
        ).to_dict()

    @property
    def _speech(self) -> PreparedSpeech:
        found: PreparedSpeech = self._prepared
        return found

    def _prepare(self) -> PreparedSpeech:
        front_end, speeds = self._preparation.front_end, self._preparation.speeds
        if front_end.kind != "log_mel":
            problem = "sound is made of log-mels"
            raise ConfigError("config.contradiction", "data.features.kind", front_end.kind, problem, allowed="log_mel")
        if speeds != (1.0,):
            problem = "a voice is learnt at its own speed"
            raise ConfigError("config.contradiction", "data.speeds", list(speeds), problem, allowed="[1.0]")
        prepared = prepare_speech(self.source, self._preparation)
        self._tokens, self._piece_tokens = prepared.tokens, prepared.piece_tokens
        return prepared

    def _describe(self, common: dict[str, Any]) -> SpeechSpec:
        speech, train = self._speech, self._rows["train"]
        of_recordings = super()._describe(common)
        lengths: NDArray[np.int64] = speech.piece_tokens.lengths(train)
        values = {field.name: getattr(of_recordings, field.name) for field in dataclasses.fields(of_recordings)}
        own = {"tokenizer": speech.piece_tokenizer.to_dict(), "vocab_size": speech.piece_tokenizer.vocab_size}
        return SpeechSpec(
            **values | own,
            max_tokens=longest(lengths),
            typical_tokens=max(1, round(float(lengths.mean()))),
            reads_phonemes=self._preparation.columns.phonemes is not None,
            knows_durations=speech.knows_durations,
            style_names=speech.style_names,
        )
