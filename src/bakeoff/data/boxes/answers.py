"""Boxes in tables, one row an image: what networks answer, and what they should have answered.

Answers have a column ``objects``, lists of ``{box, class, score}`` by falling score, whose boxes lie in the image as
the network sees it. Labels have a column ``objects``, lists of ``{box, class, crowd, area}``, whose boxes lie in the
image as it came, its ``height`` and ``width``, and ``to_network``: what a place of it is multiplied by and then moved
by to be one of the network's, across and down each.

N images, M boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.data.boxes.objects import Objects
from bakeoff.tables import table_of

MOST_ANSWERS = 100
"""Boxes an image that are stored and judged, those of the highest scores."""


class Answers(NamedTuple):
    """Answers to many images, one image's after the other's, as `Objects` has boxes."""

    counts_N: NDArray[np.int64]
    boxes_M4: NDArray[np.float64]
    classes_M: NDArray[np.int64]
    scores_M: NDArray[np.float64]


def table_of_answers(
    boxes: Sequence[np.ndarray], classes: Sequence[np.ndarray], scores: Sequence[np.ndarray]
) -> pa.Table:
    """Answers as a table: of each image the `MOST_ANSWERS` boxes of the highest scores, highest first.

    Args:
        boxes: ``(M, 4)`` of each image: left, top, right and lower edge, in pixels of the network's image.
        classes: ``(M,)`` of each image, by number.
        scores: ``(M,)`` of each image, in [0, 1].
    """
    orders = [np.argsort(-np.asarray(own), kind="stable")[:MOST_ANSWERS] for own in scores]
    parts: dict[str, list[np.ndarray]] = {
        "box": [np.asarray(own, dtype=np.float32).reshape(-1, 4)[o] for own, o in zip(boxes, orders, strict=True)],
        "class": [np.asarray(own, dtype=np.int32)[o] for own, o in zip(classes, orders, strict=True)],
        "score": [np.asarray(own, dtype=np.float32)[o] for own, o in zip(scores, orders, strict=True)],
    }
    counts_N = np.array([len(order) for order in orders], dtype=np.int64)
    flat = {name: np.concatenate([*own, _NOTHING[name]]) for name, own in parts.items()}
    return table_of(objects=_lists(counts_N, flat))


def answers_of(table: pa.Table) -> Answers:
    """The inverse of `table_of_answers`."""
    counts_N, fields = _flat(table)
    return Answers(counts_N, fields["box"], fields["class"].astype(np.int64), fields["score"])


def table_of_labels(objects: Objects, sizes_N2: np.ndarray, to_network_N4: np.ndarray) -> pa.Table:
    """Labels as a table.

    Args:
        objects: of the images.
        sizes_N2: height and width of each as it came.
        to_network_N4: of `bakeoff.data.image.fitting.scales_and_offsets`.
    """
    fields: dict[str, np.ndarray] = {
        "box": objects.boxes_M4,
        "class": objects.classes_M.astype(np.int32),
        "crowd": objects.crowd_M,
        "area": objects.areas_M,
    }
    sizes = {"height": sizes_N2[:, 0].astype(np.int32), "width": sizes_N2[:, 1].astype(np.int32)}
    return table_of(objects=_lists(objects.counts_N, fields), **sizes, to_network=to_network_N4)


def objects_of(table: pa.Table) -> Objects:
    """The boxes of a table of labels."""
    counts_N, fields = _flat(table)
    return Objects(counts_N, fields["box"], fields["class"].astype(np.int64), fields["crowd"], fields["area"])


def in_own_pixels(
    boxes_M4: NDArray[np.float64], counts_N: NDArray[np.int64], *, to_network_N4: np.ndarray, sizes_N2: np.ndarray
) -> NDArray[np.float64]:
    """Boxes in the network's images as boxes in the images as they came, cut off at their edges."""
    placed_M4 = np.repeat(to_network_N4, counts_N, axis=0)
    own_M4 = (boxes_M4 - np.tile(placed_M4[:, 2:], 2)) / np.tile(placed_M4[:, :2], 2)
    limits_M4 = np.tile(np.repeat(sizes_N2, counts_N, axis=0)[:, ::-1], 2)
    return np.clip(own_M4, 0, limits_M4)


def in_network_pixels(
    boxes_M4: NDArray[np.float64], counts_N: NDArray[np.int64], *, to_network_N4: np.ndarray
) -> NDArray[np.float64]:
    """Boxes in the images as they came as boxes in the network's."""
    placed_M4 = np.repeat(to_network_N4, counts_N, axis=0)
    moved_M4: NDArray[np.float64] = boxes_M4 * np.tile(placed_M4[:, :2], 2) + np.tile(placed_M4[:, 2:], 2)
    return moved_M4


_NOTHING = {
    "box": np.zeros((0, 4), dtype=np.float32),
    "class": np.zeros(0, dtype=np.int32),
    "score": np.zeros(0, dtype=np.float32),
}


def _lists(counts_N: NDArray[np.int64], fields: dict[str, np.ndarray]) -> pa.Array:
    flat = table_of(**fields)
    records = pa.StructArray.from_arrays([flat[name].combine_chunks() for name in fields], names=list(fields))
    offsets = np.concatenate([[0], np.cumsum(counts_N)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), records)


def _flat(table: pa.Table) -> tuple[NDArray[np.int64], dict[str, Any]]:
    column = table["objects"].combine_chunks()
    lists = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    counts_N = np.diff(lists.offsets.to_numpy()).astype(np.int64)
    records, fields = lists.flatten(), {}
    for name, values in zip([field.name for field in records.type], records.flatten(), strict=True):
        values = values.flatten() if pa.types.is_fixed_size_list(values.type) else values
        array = values.to_numpy(zero_copy_only=False)
        fields[name] = array.reshape(-1, 4).astype(np.float64) if name == "box" else array
    return counts_N, fields
