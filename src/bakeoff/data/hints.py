"""What a table's values say of columns that nobody named: which may hold classes or texts, and that line 1 is a row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datasets import Dataset, List, Value

NO_VALUE = frozenset({"", "\\N", "NULL"})
"""What stands for no text, beside white space."""
SPANS = "spans of text (start, end, name)"
"""What a field of lists of such is called."""
_SEEN = 1000
_MOST_CLASSES, _ROWS_A_CLASS, _LONGEST_CLASS = 20, 4, 40
_WORDS_OF_PROSE = 3
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def likely_classes(rows: Dataset) -> list[str]:
    """Columns of few short values, each often: names or whole numbers, one a row or lists of them."""
    found = []
    for name, values in (_written(rows) | _listed(rows)).items():
        if name == "answer" and "_task_hash" in rows.features:  # of Prodigy: accept, reject, ignore
            continue
        seen = set(values)
        few = 2 <= len(seen) <= min(_MOST_CLASSES, len(values) // _ROWS_A_CLASS)
        if few and all(len(value) <= _LONGEST_CLASS and (_WHOLE.fullmatch(value) or _named(value)) for value in seen):
            found.append(name)
    return found


def likely_texts(rows: Dataset) -> list[str]:
    """Columns most values of which are of several words."""
    return [
        name
        for name, values in _written(rows).items()
        if sum(len(value.split()) >= _WORDS_OF_PROSE for value in values) > len(values) / 2
    ]


def begins_with_row(rows: Dataset) -> bool:
    """Whether the name of a column stands among its own values: then line 1 is no header."""
    return any(name in values for name, values in _written(rows).items())


def advice(key: str, likely: Sequence[str]) -> str:
    """What to do where one column, or one of several, may be meant."""
    if len(likely) == 1 and re.fullmatch(r"[\w.-]+", likely[0]):
        return f"{key}={likely[0]} if that is it"
    perhaps = f", perhaps {' or '.join(likely)}" if 1 <= len(likely) <= 4 else ""
    return f"name it: {key}=COLUMN{perhaps}"


def _listed(rows: Dataset) -> dict[str, list[str]]:
    """The first lists of names, put together."""
    kept = [name for name, kind in rows.features.items() if isinstance(kind, List) and kind.feature == Value("string")]
    first = rows.select_columns(kept)[:_SEEN] if kept else {}
    return {name: [item for items in lists for item in items or () if item] for name, lists in first.items()}


def _named(value: str) -> bool:
    return any(character.isalpha() for character in value)


def _written(rows: Dataset) -> dict[str, list[str]]:
    """The first values of columns of single values, those without a value left out."""
    kept = [name for name, kind in rows.features.items() if isinstance(kind, Value) and not name.startswith("__")]
    first = rows.select_columns(kept)[:_SEEN] if kept else {}
    texts = {name: [str(value).strip() for value in values if value is not None] for name, values in first.items()}
    return {name: [text for text in values if text not in NO_VALUE] for name, values in texts.items()}
