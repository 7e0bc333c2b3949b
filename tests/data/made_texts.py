"""Texts, and data modules over them with small defaults."""

from __future__ import annotations

import itertools

from datasets import Dataset

from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.columns import DocumentColumns, LabelledColumns, PairColumns
from bakeoff.data.text.labelled import LabelledTexts
from bakeoff.data.text.pairs import TextPairs
from bakeoff.data.text.stream import TextStream
from bakeoff.data.text.tokenizer import TokenizerRule
from tests.data.made_images import InMemory

WORDS = ("red", "green", "blue", "cat", "dog", "bird", "sees", "hears", "eats")

_numbers = itertools.count()


def sentences(count: int, *, first: int = 0) -> list[str]:
    """Sentences of 2 to 13 words that differ, numbered from ``first``."""
    numbers = range(first, first + count)
    return [" ".join([WORDS[(n * 7 + i) % 9] for i in range(1 + n % 12)] + [f"n{n}"]) for n in numbers]


def table(labels: list, *, first: int = 0, **columns: list) -> Dataset:
    """A row a label, each with a sentence of its own."""
    return Dataset.from_dict({"text": sentences(len(labels), first=first), "label": labels} | columns)


def labelled(*splits: Dataset, separator: str | None = None, kind: str = "word", **settings: object) -> LabelledTexts:
    """A module over splits in the order train, test, val; text and label columns are found."""
    columns = LabelledColumns(settings.pop("text", None), settings.pop("label", None), separator)
    return LabelledTexts(
        name="made",
        source=InMemory(dict(zip(("train", "test", "val"), splits, strict=False)), name=f"made{next(_numbers)}"),
        columns=columns,
        split=settings.pop("split", None) or SplitRule(val=0.25, test=0.2),
        tokenizer=TokenizerRule(kind=kind, min_count=settings.pop("min_count", 1)),
        **settings,
    )


def stream(texts: list[str], *, kind: str = "byte", **settings: object) -> TextStream:
    """A module over documents."""
    return TextStream(
        name="made",
        source=InMemory({"train": Dataset.from_dict({"text": texts})}, name=f"made{next(_numbers)}"),
        columns=DocumentColumns(),
        split=settings.pop("split", None) or SplitRule(val=0.25, test=0.2),
        tokenizer=TokenizerRule(kind=kind, byte_fallback=True),
        **{"sequence_length": 8, "batch_size": 3} | settings,
    )


def pairs(source: list[str], target: list[str], **settings: object) -> TextPairs:
    """A module over pairs."""
    return TextPairs(
        name="made",
        source=InMemory(
            {"train": Dataset.from_dict({"source": source, "target": target})}, name=f"made{next(_numbers)}"
        ),
        columns=PairColumns(),
        split=settings.pop("split", None) or SplitRule(val=0.25, test=0.2),
        tokenizer=TokenizerRule(kind=settings.pop("kind", "character")),
        **settings,
    )
