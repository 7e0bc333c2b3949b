"""Texts to be spoken on disk, beside the recordings of them: tokens, durations, styles and tones.

N recordings, S tokens, F frames, M mel bands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.audio.prepared import AudioPreparation, PreparedAudio, build_audio
from bakeoff.data.audio.recordings import UnreadableAudio, read_recording, resampled
from bakeoff.data.audio.survey import each_record
from bakeoff.data.audio.tone import tone_hz
from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.prepared import read_folder, write_folder
from bakeoff.data.sources.source import Source
from bakeoff.data.speech.table import SpeechTable, read_table
from bakeoff.data.text.prepared import encode
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.tokenizer import Tokenizer, TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from
from bakeoff.errors import DataError

_LARGEST_GAP_S = 0.25


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedSpeech(PreparedAudio):
    """The arrays of a prepared folder.

    ``piece_tokens`` are the tokens that are read of each row, and ``pieces`` the text that they spell; ``durations``
    are the frames of each token, which add up to those of the recording, and of rows without known ones all equal.
    ``tones_hz`` is the median tone of each voice, NaN where none is heard.
    """

    piece_tokens: Ragged
    pieces: Ragged
    piece_tokenizer: Tokenizer
    durations: Ragged
    knows_durations: bool
    styles: NDArray[np.int64]
    style_names: tuple[str, ...]
    tones_hz: NDArray[np.float64]

    @classmethod
    def open(cls, folder: Path) -> PreparedSpeech:
        """Map a prepared folder; little is read."""
        values = read_folder(folder)
        values["piece_tokenizer"] = tokenizer_from(values["piece_tokenizer"])
        ragged: dict[str, Any] = {name: Ragged.open(folder, name) for name in ("piece_tokens", "pieces", "durations")}
        return cls(**cls._opened(folder, values) | ragged)


def piece_rule(preparation: AudioPreparation) -> TokenizerRule:
    """What a token is of what is read: a phoneme where there are any, else what a token of a transcript is."""
    return TokenizerRule(kind="spaced") if preparation.columns.phonemes else preparation.tokenizer


def prepare_speech(source: Source, preparation: AudioPreparation) -> PreparedSpeech:
    """The prepared rows, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    folder = cached_folder("speech", preparation.key(source), lambda partial: _build(partial, source, preparation))
    return PreparedSpeech.open(folder)


def _build(folder: Path, source: Source, preparation: AudioPreparation) -> None:
    table = read_table(source.load(), preparation.columns, split=preparation.split, on_missing=preparation.on_missing)
    build_audio(folder, table, preparation)
    values = read_folder(folder)
    frames_N = np.diff(Ragged.open(folder, "features_0").offsets)
    tokenizer = fit_tokenizer(piece_rule(preparation), [table.pieces[row] for row in values["pool"].tolist()])
    tokens, _ = encode(table.pieces, tokenizer, role="text", labelled=False, max_length=None)
    Ragged.of(tokens, dtype=np.int32).save(folder, "piece_tokens")
    Ragged.of_texts(table.pieces).save(folder, "pieces")
    durations = _durations(table, [len(own) for own in tokens], frames_N, preparation)
    Ragged.of(durations, dtype=np.float32).save(folder, "durations")
    names = sorted(set(table.styles))
    said = [tokenizer.to_dict(), table.pieces, table.styles, [own.tolist() for own in durations]]
    own = {
        "piece_tokenizer": tokenizer.to_dict(),
        "knows_durations": table.durations_s is not None,
        "styles": np.array([names.index(style) for style in table.styles]),
        "style_names": names,
        "tones_hz": np.array(list(_tones(table, preparation.front_end.sample_rate_hz))),
        "fingerprint": digest([values["fingerprint"], said]),
    }
    write_folder(folder, values | own)


def _durations(
    table: SpeechTable, num_tokens: list[int], frames_N: NDArray[np.int64], preparation: AudioPreparation
) -> list[NDArray[np.float64]]:
    """Frames of each token, which add up to the recording's.

    Raises:
        DataError: durations that do not add up to their recording.
    """
    if table.durations_s is None:
        return [np.full(count, frames / count) for count, frames in zip(num_tokens, frames_N.tolist(), strict=True)]
    hop_s = preparation.front_end.hop_length / preparation.front_end.sample_rate_hz
    found = []
    for row, (own_S, frames) in enumerate(zip(table.durations_s, frames_N.tolist(), strict=True)):
        if frames and abs(own_S.sum() - (frames - 1) * hop_s) > _LARGEST_GAP_S:
            problem = f"those of {table.examples[row]} add up to {own_S.sum():.2f} s, it has {frames * hop_s:.2f} s"
            column = preparation.columns.durations
            raise DataError("data.durations", "data.columns.durations", column, problem, allowed="seconds")
        found.append(own_S * (frames / own_S.sum()))
    return found


def _tones(table: SpeechTable, sample_rate_hz: int) -> Iterator[float]:
    for record in each_record(table):
        try:
            recording = read_recording(record)
        except UnreadableAudio:
            yield float("nan")
            continue
        samples_T = resampled(recording.samples_T, from_hz=recording.sample_rate_hz, to_hz=sample_rate_hz)
        yield tone_hz(samples_T, sample_rate_hz)
