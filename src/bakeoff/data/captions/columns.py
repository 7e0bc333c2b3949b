"""Which columns hold images and captions, and how they are read."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence

from datasets import Dataset, List, Value

from bakeoff.data.columns import choose_column, column_values
from bakeoff.data.text.columns import is_blank
from bakeoff.errors import DataError

_TRUTHS = {"1": True, "true": True, "0": False, "false": False, "": False, "none": False}
_TEXTS = ("string", "large_string", "string_view")


@dataclasses.dataclass(frozen=True)
class CaptionColumns:
    """The names of the columns.

    Args:
        image: the column of images; null finds it.
        caption: the column of captions, a text or a list of texts a row; or several columns; null finds the one called
            caption, captions, text, description or sentence.
        unseen: a column of true and false: images that show something that training lacks, such as a combination of
            colour and shape; what the test holds of them is also counted apart.
    """

    image: str | None = None
    caption: str | Sequence[str] | None = None
    unseen: str | None = None


def caption_columns(dataset: Dataset, wanted: str | Sequence[str] | None) -> list[str]:
    """The columns that hold captions.

    Raises:
        DataError: no such column, or one that holds no texts.
    """
    names = list(wanted) if wanted is not None and not isinstance(wanted, str) else [wanted]
    features = dataset.features
    found = [choose_column("caption", name, [], features) for name in names]
    for name in found:
        if not _holds_text(features[name]):
            problem, allowed = f"holds {features[name]}, no captions", "text, or lists of texts"
            raise DataError("data.text_type", "data.columns.caption", name, problem, allowed=allowed)
    return found


def _holds_text(feature: object) -> bool:
    inner = feature.feature if isinstance(feature, List) else feature
    return isinstance(inner, Value) and inner.dtype in _TEXTS


def read_captions(dataset: Dataset, columns: Sequence[str]) -> tuple[list[list[str]], int]:
    """Each row's captions in their order, blank ones left out, and how many were changed by `cleaned`."""
    captions: list[list[str]] = [[] for _ in range(len(dataset))]
    num_changed = 0
    for column in columns:
        for row, value in enumerate(dataset.select_columns([column])[:][column]):
            for text in [value] if isinstance(value, str) else value or ():
                if text is not None and not is_blank(text):
                    captions[row].append(cleaned(text))
                    num_changed += captions[row][-1] != text
    return captions, num_changed


def cleaned(text: str) -> str:
    """A text with single blanks for all white space, none around it, and one form for each letter (NFC)."""
    sound = text.encode("utf-8", "replace").decode()
    return " ".join(unicodedata.normalize("NFC", sound).split())


def read_unseen(dataset: Dataset, column: str | None) -> list[bool]:
    """Each row's mark; false without a column.

    Raises:
        DataError: there is no such column, or it holds something else.
    """
    if column is None:
        return [False] * len(dataset)
    marks = []
    for value in column_values(dataset, column, kind="unseen", key="data.columns.unseen"):
        said = str(value).strip().lower().removesuffix(".0")
        if said not in _TRUTHS:
            raise DataError(
                "data.label_type", "data.columns.unseen", column, f"holds {value!r}", allowed="true and false, 1 and 0"
            )
        marks.append(_TRUTHS[said])
    return marks
