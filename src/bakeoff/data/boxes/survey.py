"""Images with boxes before they are prepared: sizes, forms and copies of the images, and how many boxes of what."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import DatasetDict

from bakeoff.data.boxes.objects import Objects
from bakeoff.data.boxes.rule import BoxRule
from bakeoff.data.boxes.settling import note_on_small, settle
from bakeoff.data.boxes.table import BoxTable, read_table
from bakeoff.data.image.headers import height_and_width
from bakeoff.data.image.survey import ImageSurveyor

_MOST_NAMED = 20


class BoxSurveyor(ImageSurveyor):
    """Images that are looked at, and all of their boxes."""

    table: BoxTable
    _objects: Objects | None = None
    _names: Sequence[str] = ()

    def read(self, splits: DatasetDict, columns: Any) -> BoxTable:
        """The undecoded images, and their boxes as they came."""
        return read_table(splits, columns, split=self.split)

    def settle(self, section: Mapping[str, Any]) -> None:
        """As of images, and notes the boxes of each class.

        Raises:
            DataError: boxes or categories that are none, or what images are refused for.
        """
        super().settle(section)
        rule = BoxRule(section["classes"], section["box_format"], section["box_unit"])
        objects, self._names, notes = settle(self.table, self._headers[0], rule)
        self._objects, counts = objects, collections.Counter(objects.classes_M.tolist())
        told = [f"{self._names[number]} {count:,}" for number, count in counts.most_common(_MOST_NAMED)]
        more = f" and {len(counts) - _MOST_NAMED} classes more" if len(counts) > _MOST_NAMED else ""
        boxes_note = f"Boxes: {len(objects.classes_M):,} ({', '.join(told)}{more})."
        sizes_N2 = np.array([(one.height, one.width) if one else (0, 0) for one in self._headers[0]])
        size = height_and_width(section["image_size"])
        notes = (*notes, *filter(None, [note_on_small(objects, sizes_N2, size, section["fit"])]), boxes_note)
        self.table = dataclasses.replace(self.table, notes=(*self.table.notes, *notes))

    def measures(self) -> dict[str, Sequence[float]]:
        """Height and width in pixels, and boxes an image where images and boxes could be read."""
        return (
            super().measures()
            if self._objects is None
            else super().measures() | {"boxes": self._objects.counts_N.tolist()}
        )

    def show(self, row: int) -> str:
        """Size and form of the image, and what is in its boxes."""
        if self._objects is None:
            return super().show(row)
        own = collections.Counter(self._objects.of(np.array([row])).classes_M.tolist())
        shown = ", ".join(f"{count} {self._names[number]}" for number, count in sorted(own.items()))
        return f"{super().show(row)}: {shown or 'nothing'}"


SURVEYOR = BoxSurveyor
