"""Recordings with transcripts on disk; their fingerprint is of the samples, transcripts and the fixed split."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.features import Listening, PreparedRecordings, listened
from bakeoff.data.audio.table import AudioTable, read_table
from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.prepared import PreparedRows, write_folder
from bakeoff.data.sources.source import Source
from bakeoff.data.text.prepared import save_texts
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.spec import UNKNOWN
from bakeoff.data.text.tokenizer import Tokenizer, TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from

_ROLE = "transcript"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AudioPreparation(Listening):
    """How the source becomes arrays.

    Args:
        tokenizer: what a token of a transcript is.
    """

    columns: AudioColumns
    tokenizer: TokenizerRule


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedAudio(PreparedRecordings):
    """The arrays of a prepared folder, with the transcripts and their tokens."""

    tokens: Ragged
    texts: Ragged
    tokenizer: Tokenizer

    @classmethod
    def _opened(cls, folder: Path, values: dict[str, Any]) -> dict[str, Any]:
        tokens, texts = (Ragged.open(folder, f"{_ROLE}_{what}") for what in ("tokens", "text"))
        tokenizer = tokenizer_from(values.pop("tokenizer"))
        return super()._opened(folder, values) | {"tokens": tokens, "texts": texts, "tokenizer": tokenizer}


def prepare_audio(source: Source, preparation: AudioPreparation) -> PreparedAudio:
    """The prepared recordings, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    folder = cached_folder(
        "audio",
        preparation.key(source),
        lambda partial: build_audio(partial, audio_table(source, preparation), preparation),
    )
    return PreparedAudio.open(folder)


def audio_table(source: Source, preparation: AudioPreparation) -> AudioTable:
    """The undecoded rows, in the order of the prepared arrays."""
    columns, split = preparation.columns, preparation.split
    return read_table(source.load(), columns, split=split, on_missing=preparation.on_missing)


def build_audio(folder: Path, table: AudioTable, preparation: AudioPreparation) -> None:
    """Fills the folder of a table."""
    digests, rows, own = listened(folder, table, preparation)
    tokenizer = fit_tokenizer(preparation.tokenizer, [table.texts[row] for row in rows.pool])
    save_texts(folder, _ROLE, table.texts, tokenizer, max_length=None)
    rows = dataclasses.replace(
        rows,
        notes=(*rows.notes, *_note_on_unseen(folder, rows)),
        fingerprint=_fingerprint(table, digests, rows, preparation, tokenizer),
    )
    write_folder(folder, rows.to_dict() | own | {"tokenizer": tokenizer.to_dict()})


def _note_on_unseen(folder: Path, rows: PreparedRows) -> list[str]:
    """Tells of transcripts that no answer can spell."""
    tokens = Ragged.open(folder, f"{_ROLE}_tokens")
    apart = np.concatenate([rows.val, rows.test])
    lost = [row for row in apart.tolist() if (tokens.row(row) == UNKNOWN).any()]
    names = ", ".join(rows.examples[lost[:3]].tolist())
    note = f"{len(lost):,} transcripts to test or validate on have tokens that training lacks, which no answer spells"
    return [f"{note} ({names})."] * bool(lost)


def _fingerprint(
    table: AudioTable,
    digests: Sequence[bytes],
    rows: PreparedRows,
    preparation: AudioPreparation,
    tokenizer: Tokenizer,
) -> str:
    """Of the content in use: how features are computed, the vocabulary, and each split's samples and transcripts."""
    how = [preparation.front_end.facts(), list(preparation.speeds), tokenizer.to_dict()]
    state = hashlib.blake2b(digest(how).encode(), digest_size=16)
    for part, numbers, _, groups in rows.content():
        said = [[digests[row].hex(), table.texts[row]] for row in numbers.tolist()]
        state.update(digest([part, said, groups]).encode())
    return state.hexdigest()
