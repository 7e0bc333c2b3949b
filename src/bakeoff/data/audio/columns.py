"""Which columns hold recordings and what is said in them, and how transcripts are spelled."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

from datasets import Audio, Dataset, Features, Value

from bakeoff.data.captions.columns import cleaned
from bakeoff.data.columns import choose_column
from bakeoff.data.text.columns import is_blank, read_texts, text_column
from bakeoff.data.text.words import as_words
from bakeoff.errors import DataError

Spelling: TypeAlias = Literal["written", "lower", "words"]
_FILES = {"string", "large_string", "string_view", "binary", "large_binary", "binary_view"}


@dataclasses.dataclass(frozen=True)
class AudioColumns:
    """The names of the columns.

    Args:
        audio: the column of recordings: the hub's feature, paths, bytes, or arrays with their rate; null finds it.
        text: the column of transcripts; null finds the one called transcript, transcription, text or sentence.
        spelling: how transcripts are spelled: as ``written``, in ``lower`` case, or as ``words`` in lower case without
            signs, but for those within words.
        phonemes: for speech synthesis, a column of what is said in pieces with blanks between them; null: transcripts
            are read letter by letter, or as ``tokenizer`` says.
        durations: for speech synthesis, a column with a list of seconds, one for each piece; null: they are not known.
        style: for speech synthesis, a column of how it is said, such as a mood or a speaker; null: all alike.
    """

    audio: str | None = None
    text: str | None = None
    spelling: Spelling = "written"
    phonemes: str | None = None
    durations: str | None = None
    style: str | None = None


def audio_column(features: Features, wanted: str | None) -> str:
    """The column that holds the recordings: the one named, else the only one of that feature, else by its name.

    Raises:
        DataError: no such column, or several that could be meant.
    """
    found = [name for name, feature in features.items() if isinstance(feature, Audio) or _is_struct(feature)]
    return choose_column("audio", wanted, found, features)


def undecoded_recordings(dataset: Dataset, column: str) -> Dataset:
    """The recordings alone, as records that `bakeoff.data.audio.recordings` reads, in a column called ``audio``.

    Raises:
        DataError: the column holds neither recordings nor paths or bytes of any.
    """
    records = dataset.select_columns([column])
    if column != "audio":
        records = records.rename_column(column, "audio")
    feature = records.features["audio"]
    if _is_struct(feature) and "array" in feature:
        return records
    is_file = isinstance(feature, Value) and feature.dtype in _FILES
    if not (isinstance(feature, Audio) or is_file or _is_struct(feature)):
        allowed = "the hub's Audio feature, paths, encoded bytes, or arrays with sampling_rate"
        problem = f"holds {feature}, no recordings"
        raise DataError("data.audio_type", "data.columns.audio", column, problem, allowed=allowed)
    return records.cast_column("audio", Audio(decode=False))


def transcript_column(dataset: Dataset, wanted: str | None, *, audio: str) -> str:
    """The column of transcripts.

    Raises:
        DataError: no such column, or one that holds no text.
    """
    others = dataset.remove_columns([name for name in {audio} if name != wanted])
    return text_column(others, "transcript", wanted, key="data.columns.text")


def read_transcripts(dataset: Dataset, column: str, spelling: Spelling) -> list[str | None]:
    """Each row's transcript with single blanks; None where there is none, or nothing is left of it."""
    texts = read_texts(dataset, column)
    return [None if is_blank(text) else _respelled(cleaned(text), spelling) for text in texts]


def _respelled(text: str, spelling: Spelling) -> str:
    if spelling == "words":
        return as_words(text)
    return text.lower() if spelling == "lower" else text


def _is_struct(feature: object) -> bool:
    return (isinstance(feature, dict) and set(feature) >= {"path", "bytes"}) or (
        isinstance(feature, dict) and set(feature) >= {"array", "sampling_rate"}
    )
