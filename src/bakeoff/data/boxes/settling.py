"""From boxes as a source has them to those that are learnt and judged by: what becomes of bad ones.

N images, M boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.boxes.objects import Boxes, Objects
from bakeoff.data.boxes.rule import BoxRule
from bakeoff.data.boxes.table import BoxTable
from bakeoff.data.image.fitting import Fit, scales_and_offsets
from bakeoff.data.image.records import Header
from bakeoff.errors import DataError

_HARDLY = 2  # pixels
_FOR = {"train": "learn", "val": "choose weights", "test": "judge"}
_ROUNDED = 1.0  # pixels by which boxes reach beyond their image because tools round
_MOST_BEYOND = 0.5  # the share of boxes beyond their image from which on they are taken for another format


def settle(
    table: BoxTable, headers: Sequence[Header | None], rule: BoxRule
) -> tuple[Objects, tuple[str, ...], tuple[str, ...]]:
    """The boxes that count, the names of their classes, and sentences for the report.

    What of a box lies beyond its image is cut off; one of no area, or wholly beyond, is left out.

    Args:
        table: the rows.
        headers: of the images; None of those that can't be read, whose boxes are left out.
        rule: what boxes and categories mean.

    Raises:
        DataError: unknown categories, images of another size than their boxes were drawn on, boxes of another form, or
            a split without any.
    """
    names, classes_M = rule.numbered(table)
    found, rows_M = table.found, table.found.rows_M
    sizes_N2 = np.array([(header.height, header.width) if header else (0, 0) for header in headers]).reshape(-1, 2)
    corners_M4 = rule.corners(found.boxes_M4, sizes_N2[rows_M])
    limits_M4 = np.tile(sizes_N2[rows_M][:, ::-1], 2)
    boxes_M4 = np.clip(np.nan_to_num(corners_M4), 0, limits_M4)
    is_read_M = limits_M4[:, 0] > 0
    has_area_M = is_read_M & _have_area(corners_M4) & np.isfinite(corners_M4).all(axis=1)
    kept_M = has_area_M & _have_area(boxes_M4)
    beyond_M = has_area_M & (np.abs(boxes_M4 - corners_M4) > _ROUNDED).any(axis=1)
    turned_note = _note_on_turned(table, sizes_N2, beyond_M)
    _require_form(table, rule, is_read_M=is_read_M, bad_M=is_read_M & (beyond_M | ~has_area_M))
    areas_M = np.where(found.areas_M > 0, found.areas_M, (boxes_M4[:, 2:] - boxes_M4[:, :2]).prod(axis=1))
    objects = Objects(found.counts_N, boxes_M4, classes_M, found.crowd_M, areas_M).only(kept_M)
    _require_boxes(table, objects)
    notes = (
        turned_note,
        _told(table, is_read_M & ~has_area_M, "have no area and were left out"),
        _told(table, has_area_M & ~kept_M, "lie outside of their image and were left out"),
        _told(table, kept_M & beyond_M, "reach beyond their image and were cut off at its edge"),
        _told(table, kept_M & found.crowd_M, "are of crowds: not to be found, and what is found there does not count"),
        _note_on_empty(objects, is_read_N=sizes_N2[:, 0] > 0),
        _note_on_unseen(table, objects, names),
    )
    return objects, names, tuple(filter(None, notes))


def note_on_small(objects: Objects, sizes_N2: NDArray[np.int64], size: tuple[int, int] | None, fit: Fit) -> str | None:
    """A sentence on boxes that are hardly there once their images have come to ``size``; None for their own."""
    if size is None:
        return None
    scales_M2 = scales_and_offsets(sizes_N2, size, fit)[objects.images_M, :2]
    small = int((((objects.boxes_M4[:, 2:] - objects.boxes_M4[:, :2]) * scales_M2).min(axis=1) < _HARDLY).sum())
    if not small:
        return None
    shown = f"{size[0]}x{size[1]} (data.image_size)"
    return f"{small:,} of {len(objects.classes_M):,} boxes are less than {_HARDLY} pixels high or wide at {shown}."


def _require_boxes(table: BoxTable, objects: Objects) -> None:
    """Refuses a given split without anything to be found.

    Raises:
        DataError: there is one.
    """
    parts_M = table.parts[objects.images_M[~objects.crowd_M]]
    for part, purpose in _FOR.items():
        if (table.parts == part).any() and not (parts_M == part).any():
            problem = f"no image of the {part} split has a box, so there is nothing to {purpose} by"
            step = "give the boxes of that split, or no split, and one is made"
            raise DataError(
                "data.no_boxes", "data.columns.objects", table.column_of["objects"], problem, next_step=step
            )


def _have_area(boxes_M4: Boxes) -> NDArray[np.bool_]:
    return (boxes_M4[:, 0] < boxes_M4[:, 2]) & (boxes_M4[:, 1] < boxes_M4[:, 3])


def _told(table: BoxTable, which_M: NDArray[np.bool_], what: str) -> str | None:
    """How many boxes it holds of, and the first image with one."""
    if not which_M.any():
        return None
    first = table.examples[int(table.found.rows_M[which_M.argmax()])]
    return f"{which_M.sum():,} of {len(which_M):,} boxes {what} (first in {first})."


def _note_on_turned(table: BoxTable, sizes_N2: NDArray[np.int64], beyond_M: NDArray[np.bool_]) -> str | None:
    """A sentence where boxes were drawn on pictures that a camera's tag turns, and their size is that before turning.

    Raises:
        DataError: images of another size than their boxes were drawn on.
    """
    drawn_N2 = table.found.sizes_N2
    told_N = np.minimum(drawn_N2, sizes_N2).min(axis=1) > 0
    differs_N = told_N & (drawn_N2 != sizes_N2).any(axis=1)
    turned_N = differs_N & ~(drawn_N2[:, ::-1] != sizes_N2).any(axis=1)
    turned_N[table.found.rows_M[beyond_M]] = False
    other = np.flatnonzero(differs_N & ~turned_N)
    if len(other):
        (height, width), (drawn_height, drawn_width) = sizes_N2[other[0]], drawn_N2[other[0]]
        first = f"{table.examples[other[0]]}: image {height}x{width}, boxes {drawn_height}x{drawn_width}"
        problem = (
            f"{len(other):,} of {len(told_N):,} images are of another size than their boxes were drawn on ({first})"
        )
        step = "give the images that the boxes were drawn on, or turn their boxes and sizes as their files are shown"
        raise DataError("data.other_size", "data.columns.objects", table.column_of["objects"], problem, next_step=step)
    if not turned_N.any():
        return None
    first = table.examples[int(turned_N.argmax())]
    return (
        f"{turned_N.sum():,} images are turned by their camera's tag, and the size beside their boxes is that before; "
        f"the boxes were taken as drawn on the turned picture (first {first})."
    )


def _require_form(table: BoxTable, rule: BoxRule, *, is_read_M: NDArray[np.bool_], bad_M: NDArray[np.bool_]) -> None:
    """Refuses boxes of which most are none on their images.

    Raises:
        DataError: they are of another form, it seems.
    """
    if not is_read_M.any() or bad_M.sum() <= _MOST_BEYOND * is_read_M.sum():
        return
    first = int(bad_M.argmax())
    row, numbers = int(table.found.rows_M[first]), table.found.boxes_M4[first].tolist()
    problem = f"{bad_M.sum():,} of {is_read_M.sum():,} boxes reach beyond their image or have no area, read as "
    problem += f"{rule.box_format} in {rule.box_unit} (such as {numbers} in {table.examples[row]})"
    allowed = "box_format xywh, xyxy, cxcywh; box_unit pixels, fractions"
    step = "data.box_format=xyxy" if rule.box_format == "xywh" else "data.box_format=xywh"
    if rule.box_unit == "pixels" and np.nanmax(table.found.boxes_M4) <= 1:
        step = "data.box_unit=fractions"
    raise DataError("data.box_format", "data.box_format", rule.box_format, problem, allowed=allowed, next_step=step)


def _note_on_empty(objects: Objects, *, is_read_N: NDArray[np.bool_]) -> str | None:
    empty = int((is_read_N & (objects.counts_N == 0)).sum())
    return f"{empty:,} of {is_read_N.sum():,} images have no boxes; they are learnt and judged by." if empty else None


def _note_on_unseen(table: BoxTable, objects: Objects, names: Sequence[str]) -> str | None:
    parts_M = table.parts[objects.images_M]
    train, test = (set(objects.classes_M[parts_M == part].tolist()) for part in ("train", "test"))
    unseen = [names[number] for number in sorted(test - train)]
    return f"Classes that only the test shows: {', '.join(unseen)}." if unseen else None
