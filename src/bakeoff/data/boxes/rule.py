"""What the numbers of a box and of a category mean.

M boxes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.boxes.objects import Boxes
from bakeoff.data.boxes.table import BoxTable
from bakeoff.errors import ConfigError, DataError

BoxFormat: TypeAlias = Literal["xywh", "xyxy", "cxcywh"]
BoxUnit: TypeAlias = Literal["pixels", "fractions"]

_MOST_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class BoxRule:
    """What the numbers of a box and of a category mean.

    Args:
        classes: names, of the categories 0, 1, 2 and so on; or a mapping from each name to its category; null: as the
            data names them, else each category that occurs is a class.
        box_format: ``xywh`` (left, top, width, height, as COCO has them), ``xyxy`` (left, top, right, bottom, as Pascal
            VOC) or ``cxcywh`` (centre, width, height, as YOLO).
        box_unit: ``pixels``, or ``fractions`` of the image's width and height.

    Raises:
        ConfigError: no such format or unit, no classes, or one twice.
    """

    classes: Sequence[str] | Mapping[str, Any] | None = None
    box_format: BoxFormat = "xywh"
    box_unit: BoxUnit = "pixels"

    def __post_init__(self) -> None:
        for key, value, allowed in (
            ("box_format", self.box_format, get_args(BoxFormat)),
            ("box_unit", self.box_unit, get_args(BoxUnit)),
        ):
            if value not in allowed:
                raise ConfigError("config.bad_value", f"data.{key}", value, "is no form of boxes", allowed=allowed)
        if self.classes is not None and not 0 < len(set(self._named)) == len(self.classes):
            problem, allowed_names = "is empty, or has a name twice", "[cat,dog] or {cat: 17, dog: 18}"
            raise ConfigError("config.bad_value", "data.classes", self.classes, problem, allowed=allowed_names)

    @property
    def _named(self) -> dict[str, Any]:
        """The category of each class, by name."""
        if isinstance(self.classes, Mapping):
            return {str(name): category for name, category in self.classes.items()}
        return {str(name): number for number, name in enumerate(self.classes or ())}

    def corners(self, boxes_M4: NDArray[np.float64], sizes_M2: NDArray[np.int64]) -> Boxes:
        """Left, top, right and lower edges in pixels; ``sizes_M2`` are height and width of each box's image."""
        pairs_M22 = boxes_M4.reshape(-1, 2, 2)
        if self.box_unit == "fractions":
            pairs_M22 = pairs_M22 * sizes_M2[:, None, ::-1]
        first_M2, second_M2 = pairs_M22[:, 0], pairs_M22[:, 1]
        if self.box_format == "cxcywh":
            first_M2 = first_M2 - second_M2 / 2
        return np.concatenate([first_M2, second_M2 if self.box_format == "xyxy" else first_M2 + second_M2], axis=1)

    def numbered(self, table: BoxTable) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The names of the classes, and each box's class by number.

        Raises:
            DataError: a category that is no class.
        """
        found = table.found
        known = {name: number for number, name in enumerate(found.names)}
        names = found.names
        if self.classes is not None:
            known = {category: number for number, category in enumerate(self._named.values())}
            known |= {name: number for number, name in enumerate(self._named)}
            names = tuple(self._named)
        elif not names:
            seen = {category for category in found.categories if category not in (None, -1)}
            numbers = all(isinstance(category, int) for category in seen)
            ordered = sorted(seen) if numbers else sorted(seen, key=str)
            known, names = {category: number for number, category in enumerate(ordered)}, tuple(map(str, ordered))
        self._require_known(table, known, names)
        return names, np.array([known[category] for category in found.categories], dtype=np.int64)

    def _require_known(self, table: BoxTable, known: Mapping[Any, int], names: Sequence[str]) -> None:
        unknown = {
            category: row
            for category, row in zip(reversed(table.found.categories), table.found.rows_M[::-1].tolist(), strict=True)
            if category not in known
        }
        if unknown:
            shown = [f"{name} (first in {table.examples[row]})" for name, row in unknown.items()][-_MOST_SHOWN:]
            problem = f"{len(unknown):,} categories of boxes are no class: {', '.join(reversed(shown))}"
            step = "name all categories, or mend the boxes"
            raise DataError("data.unknown_category", "data.classes", None, problem, allowed=list(names), next_step=step)
        if not names:
            problem, step = "no image has a box, so there is no class to learn", "check which column holds the boxes"
            raise DataError(
                "data.no_boxes", "data.columns.objects", table.column_of["objects"], problem, next_step=step
            )
