"""Recordings with classes as features on disk; their fingerprint is of the samples, classes and the fixed split."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from bakeoff.data.audio.features import Listening, PreparedRecordings, listened
from bakeoff.data.cache import cached_folder, digest
from bakeoff.data.labelled_audio.columns import LabelledAudioColumns
from bakeoff.data.labelled_audio.table import LabelledAudioTable, read_table
from bakeoff.data.prepared import PreparedRows, write_folder
from bakeoff.data.sources.source import Source


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledAudioPreparation(Listening):
    """How the source becomes arrays."""

    columns: LabelledAudioColumns


def prepare_labelled(source: Source, preparation: LabelledAudioPreparation) -> PreparedRecordings:
    """The prepared recordings, from the cache if they are there.

    Raises:
        DataError: whatever is wrong with the data; nothing is left on disk then.
        EnvironmentFault: no network, no space or no right to write the cache.
    """
    key = preparation.key(source)
    folder = cached_folder("labelled_audio", key, lambda partial: _build(partial, source, preparation))
    return PreparedRecordings.open(folder)


def labelled_table(source: Source, preparation: LabelledAudioPreparation) -> LabelledAudioTable:
    """The undecoded rows, in the order of the prepared arrays."""
    split, on_missing = preparation.split, preparation.on_missing
    return read_table(source.load(), preparation.columns, split=split, on_missing=on_missing)


def _build(folder: Path, source: Source, preparation: LabelledAudioPreparation) -> None:
    digests, rows, own = listened(folder, labelled_table(source, preparation), preparation)
    rows = dataclasses.replace(rows, fingerprint=_fingerprint(digests, rows, preparation))
    write_folder(folder, rows.to_dict() | own)


def _fingerprint(digests: list[bytes], rows: PreparedRows, preparation: LabelledAudioPreparation) -> str:
    how = [preparation.front_end.facts(), list(preparation.speeds), rows.class_names]
    state = hashlib.blake2b(digest(how).encode(), digest_size=16)
    for part, numbers, labels, groups in rows.content():
        state.update(digest([part, [digests[row].hex() for row in numbers.tolist()], labels, groups]).encode())
    return state.hexdigest()
