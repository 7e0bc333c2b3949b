"""Images with masks before they are prepared: sizes, forms and copies of the images, and what the masks hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from datasets import DatasetDict

from bakeoff.data.image.records import UnreadableImage
from bakeoff.data.image.survey import ImageSurveyor
from bakeoff.data.masks.scan import values_found
from bakeoff.data.masks.table import MaskTable, read_table
from bakeoff.data.masks.values import IGNORED, MaskRule, numbered

_MOST_SCANNED = 2000
_MOST_COUNTED = 200


class MaskSurveyor(ImageSurveyor):
    """Images that are looked at, and masks of which at most 2,000 are."""

    table: MaskTable
    _masks = MaskRule()
    _classes: Mapping[str, int] = {}

    def read(self, splits: DatasetDict, columns: Any) -> MaskTable:
        """The undecoded images and masks."""
        return read_table(splits, columns, split=self.split)

    def settle(self, section: Mapping[str, Any]) -> None:
        """As of images, and notes the share of each class.

        Raises:
            DataError: masks of other sizes than their images, values that are no class, or what images are refused for.
        """
        super().settle(section)
        self._masks = MaskRule(section["classes"], section["ignore"]).for_data(self.table.classes)
        rows = _spread(len(self.table.masks), _MOST_SCANNED)
        table = self.table
        looked_at = dataclasses.replace(
            table,
            records=table.records.select(rows),
            masks=table.masks.select(rows),
            examples=[table.examples[row] for row in rows],
        )
        self._classes = self._masks.classes_of(values_found(looked_at, self._masks, {}))
        self.table = dataclasses.replace(table, notes=(*table.notes, self._shares()))

    def show(self, row: int) -> str:
        """Size and form of the image, and the classes of its mask."""
        counts_K = self._counts(row)
        shown = [name for name, count in zip(self._classes, counts_K, strict=True) if count]
        return f"{super().show(row)}: {', '.join(shown)}" if shown else super().show(row)

    def _shares(self) -> str:
        rows = _spread(len(self.table.masks), _MOST_COUNTED)
        counts_K = np.sum([self._counts(row) for row in rows], axis=0)
        shares = counts_K / max(1, counts_K.sum())
        told = ", ".join(f"{name} {share:.1%}" for name, share in zip(self._classes, shares, strict=True))
        return f"Pixels of {len(rows):,} masks looked at: {told}."

    def _counts(self, row: int) -> np.ndarray[Any, Any]:
        """The pixels of each class in a mask."""
        values, counts_K = list(self._classes.values()), np.zeros(len(self._classes), dtype=np.int64)
        if not values:
            return counts_K
        try:
            mask_HW = numbered(self._masks.read(self.table.masks[row]["image"]), values, self._masks.ignored)
        except UnreadableImage:
            return counts_K
        return np.bincount(mask_HW[mask_HW != IGNORED], minlength=len(values))


def _spread(count: int, most: int) -> list[int]:
    return sorted({int(row) for row in np.linspace(0, count - 1, min(count, most))})


SURVEYOR = MaskSurveyor
