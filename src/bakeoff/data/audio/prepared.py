"""Recordings as features on disk, computed once; their fingerprint is of the samples, transcripts and the fixed split.

N recordings, T frames, K features a frame.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.heard import Heard, notes_on
from bakeoff.data.audio.recordings import UnreadableAudio, read_recording
from bakeoff.data.audio.survey import each_record, too_long
from bakeoff.data.audio.table import AudioTable, read_table
from bakeoff.data.bad_rows import OnBad, settle_bad
from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.frames import sums_of
from bakeoff.data.prepared import Preparation, PreparedRows, part_rows, read_folder, write_folder
from bakeoff.data.sources.source import Source
from bakeoff.data.text.prepared import save_texts
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.spec import UNKNOWN
from bakeoff.data.text.tokenizer import Tokenizer, TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from

_ROLE = "transcript"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AudioPreparation(Preparation):
    """How the source becomes arrays.

    Args:
        front_end: what is computed of samples.
        tokenizer: what a token of a transcript is.
        speeds: at which recordings to train on are kept, 1.0 first.
        max_seconds: longer recordings are left out.
        on_bad: what becomes of recordings that cannot be read.
    """

    columns: AudioColumns
    front_end: FrontEnd
    tokenizer: TokenizerRule
    speeds: tuple[float, ...]
    max_seconds: float
    on_bad: OnBad


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreparedAudio(PreparedRows):
    """The arrays of a prepared folder.

    ``features`` holds the frames ``(T, K)`` of all recordings for each speed; at others than 1.0 those to train on
    alone. ``sums_2NK`` are the sum and the sum of squares of each feature over a recording's frames.
    """

    features: tuple[Ragged, ...]
    sums_2NK: NDArray[np.float64]
    tokens: Ragged
    texts: Ragged
    tokenizer: Tokenizer
    digests: NDArray[np.uint8]
    seconds: NDArray[np.float64]
    column_of: dict[str, str]

    @classmethod
    def open(cls, folder: Path) -> PreparedAudio:
        """Map a prepared folder; little is read."""
        return cls(**cls._opened(folder, read_folder(folder)))

    @classmethod
    def _opened(cls, folder: Path, values: dict[str, Any]) -> dict[str, Any]:
        """The arguments, from what the folder's table of contents says."""
        tokens, texts = (Ragged.open(folder, f"{_ROLE}_{what}") for what in ("tokens", "text"))
        features = tuple(Ragged.open(folder, _named(number)) for number in range(values.pop("num_speeds")))
        tokenizer = tokenizer_from(values.pop("tokenizer"))
        return values | {"features": features, "tokens": tokens, "texts": texts, "tokenizer": tokenizer}


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
    front_end = preparation.front_end
    heard = Heard(preparation.max_seconds, front_end)
    nothing = np.zeros((0, front_end.num_features), dtype=np.float32)
    frames = Ragged.stream(folder, _named(0), heard.each(each_record(table)), like=nothing)
    table = dataclasses.replace(table, notes=(*table.notes, *_notes(table, heard, preparation)))
    rows = part_rows(table, heard.digests, preparation, unreadable=[*heard.bad, *heard.long])
    for number, speed in enumerate(preparation.speeds[1:], start=1):
        Ragged.stream(folder, _named(number), _faster(table, rows.pool, front_end, speed), like=nothing)
    tokenizer = fit_tokenizer(preparation.tokenizer, [table.texts[row] for row in rows.pool])
    save_texts(folder, _ROLE, table.texts, tokenizer, max_length=None)
    rows = dataclasses.replace(
        rows,
        notes=(*rows.notes, *_note_on_unseen(folder, rows)),
        fingerprint=_fingerprint(table, heard.digests, rows, preparation, tokenizer),
    )
    own = {
        "num_speeds": len(preparation.speeds),
        "sums_2NK": sums_of(frames),
        "digests": np.frombuffer(b"".join(heard.digests), dtype=np.uint8).reshape(len(heard.digests), -1),
        "seconds": np.array(heard.seconds),
        "tokenizer": tokenizer.to_dict(),
        "column_of": table.column_of,
    }
    write_folder(folder, rows.to_dict() | own)


def _notes(table: AudioTable, heard: Heard, preparation: AudioPreparation) -> list[str]:
    """What was left out, or is out of the ordinary.

    Raises:
        DataError: unreadable recordings.
    """
    num_rows, examples = len(table.texts), table.examples
    bad = settle_bad(heard.bad, num_rows=num_rows, on_bad=preparation.on_bad, examples=examples, noun="recording")
    long = too_long(len(heard.long), num_rows, preparation.max_seconds)
    return [*filter(None, (bad, long)), *notes_on(heard, preparation.front_end.sample_rate_hz, examples)]


def _faster(table: AudioTable, pool: NDArray[np.int64], front_end: FrontEnd, speed: float) -> Iterator[NDArray[Any]]:
    """The frames of recordings to train on at another speed, none of the others."""
    wanted = set(pool.tolist())
    for row, record in enumerate(each_record(table)):
        if row not in wanted:
            yield np.zeros((0, front_end.num_features), dtype=np.float32)
            continue
        try:
            yield front_end.of(read_recording(record), speed=speed)
        except UnreadableAudio as error:  # it could be read a moment ago
            raise RuntimeError(f"{table.examples[row]} changed while it was read: {error}") from error


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


def _named(number: int) -> str:
    return f"features_{number}"
