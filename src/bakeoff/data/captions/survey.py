"""Images with captions before they are prepared: sizes, forms and copies of the images, and how long captions are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets import DatasetDict

from bakeoff.data.captions.table import CaptionTable, read_table
from bakeoff.data.image.survey import ImageSurveyor

_MOST_SHOWN = 80


class CaptionSurveyor(ImageSurveyor):
    """Images that are looked at, and all captions."""

    table: CaptionTable

    def read(self, splits: DatasetDict, columns: Any) -> CaptionTable:
        """The undecoded images, and the captions of each."""
        return read_table(splits, columns, split=self.split, on_missing=self.on_missing)

    def measures(self) -> dict[str, Sequence[float]]:
        """As of images, and the captions of an image and their words."""
        every = [len(text.split()) for own in self.table.captions for text in own]
        return {**super().measures(), "captions": list(map(len, self.table.captions)), "words": every}

    def show(self, row: int) -> str:
        """Size and form of the image, and its first caption."""
        text = self.table.captions[row][0]
        return f"{super().show(row)}: {text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + '...'}"


SURVEYOR = CaptionSurveyor
