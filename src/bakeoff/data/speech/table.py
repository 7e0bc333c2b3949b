"""A source's splits as one table of recordings with what was said in them, in which pieces, how long each, and how."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from datasets import DatasetDict

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.table import AudioTable, transcribed_rows
from bakeoff.data.columns import column_values
from bakeoff.data.labels import OnMissing
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.table import SourceRows, source_rows
from bakeoff.errors import DataError

ONLY_STYLE = "plain"
"""Of data without a column of styles."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeechTable(AudioTable):
    """All rows.

    Args:
        pieces: what is said as the synthesiser reads it: phonemes with blanks between them, or the transcript.
        durations_s: seconds of each piece; None where they are not known.
        styles: how it is said.
    """

    pieces: list[str]
    durations_s: list[np.ndarray] | None
    styles: list[str]


def read_table(
    splits: DatasetDict, columns: AudioColumns, *, split: SplitRule, on_missing: OnMissing = "error"
) -> SpeechTable:
    """Find the columns, read transcripts, pieces, durations and styles, and put the splits one after another.

    Args:
        splits: of the source.
        columns: what holds what.
        split: how missing splits are made.
        on_missing: what becomes of recordings without a transcript.

    Raises:
        DataError: as of recordings with transcripts; blank phonemes, and durations that are not one positive number for
            each piece.
    """
    rows, facts = transcribed_rows(source_rows(splits, split), columns, split=split, on_missing=on_missing)
    own = {"phonemes": columns.phonemes, "durations": columns.durations, "style": columns.style}
    named = {role: column for role, column in own.items() if column is not None}
    pieces = _texts(rows, columns.phonemes, "phonemes") if columns.phonemes else facts["texts"]
    return SpeechTable(
        **facts | {"column_of": facts["column_of"] | named},
        pieces=pieces,
        durations_s=_durations(rows, columns, pieces, facts["examples"]) if columns.durations else None,
        styles=_texts(rows, columns.style, "style") if columns.style else [ONLY_STYLE] * len(pieces),
    )


def _values(rows: SourceRows, column: str, role: str) -> list[Any]:
    return [
        value
        for dataset in rows.datasets.values()
        for value in column_values(dataset, column, kind=role, key=f"data.columns.{role}")
    ]


def _texts(rows: SourceRows, column: str, role: str) -> list[str]:
    """Texts with single blanks.

    Raises:
        DataError: one is blank.
    """
    texts = [" ".join(str(value if value is not None else "").split()) for value in _values(rows, column, role)]
    blank = [row for row, text in enumerate(texts) if not text]
    if blank:
        names = [name for own in rows.examples.values() for name in own]
        problem = f"{len(blank):,} of {len(texts):,} rows have nothing there (first: {names[blank[0]]})"
        raise DataError("data.blank_value", f"data.columns.{role}", column, problem, next_step="fill it in")
    return texts


def _durations(rows: SourceRows, columns: AudioColumns, pieces: list[str], examples: list[str]) -> list[np.ndarray]:
    column = str(columns.durations)
    if columns.phonemes is None:
        problem, step = "durations are those of phonemes, and no column has any", "name one with data.columns.phonemes"
        raise DataError("data.durations", "data.columns.durations", column, problem, next_step=step)
    found = []
    for value, text, name in zip(_values(rows, column, "durations"), pieces, examples, strict=True):
        durations_S = _numbers(value)
        if len(durations_S) != len(text.split()) or not (durations_S > 0).all() or not np.isfinite(durations_S).all():
            problem = f"{name} has {len(text.split())} phonemes, and {len(durations_S)} durations"
            problem += f", the least {durations_S.min():g}" if len(durations_S) else ""
            allowed = "a list with a positive number of seconds for each phoneme"
            raise DataError("data.durations", "data.columns.durations", column, problem, allowed=allowed)
        found.append(durations_S)
    return found


def _numbers(value: object) -> np.ndarray:
    """A list of numbers, also as text spells it (``0.1 0.2`` or ``[0.1, 0.2]``); none where it is no such list."""
    listed = value.strip("[] ").replace(",", " ").split() if isinstance(value, str) else value
    try:
        return np.asarray(listed, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        return np.zeros(0)
