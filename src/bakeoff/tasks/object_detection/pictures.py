"""Boxes over pictures, for a look at data and for the report.

N images, M boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from bakeoff.data.boxes.answers import answers_of, in_network_pixels, objects_of
from bakeoff.data.contract import Cases
from bakeoff.tables import column
from bakeoff.tasks.exhibits import Box, PictureExhibit

LEAST_SCORE = 0.3
"""Answers of lower scores are not drawn: networks give a hundred an image, most of them nearly nothing."""
CROWD = "crowd of {}"


def pictures(cases: Cases, class_names: Sequence[str], answers: pa.Table | None = None) -> list[PictureExhibit]:
    """Each image as the network sees it, with the boxes that it should have been answered with, and the answers."""
    objects = objects_of(cases.labels)
    to_network_N4 = column(cases.labels, "to_network")
    boxes_M4 = in_network_pixels(objects.boxes_M4, objects.counts_N, to_network_N4=to_network_N4)
    names = [
        CROWD.format(class_names[k]) if crowd else class_names[k]
        for k, crowd in zip(objects.classes_M, objects.crowd_M, strict=True)
    ]
    true = _by_image(
        objects.counts_N, [_box(box_4, name, is_truth=True) for box_4, name in zip(boxes_M4, names, strict=True)]
    )
    said: list[list[Box]] = [[] for _ in true]
    if answers is not None:
        found = answers_of(answers)
        rows = zip(found.boxes_M4, found.classes_M, found.scores_M, strict=True)
        drawn = [_box(box_4, class_names[k], score=float(score)) for box_4, k, score in rows]
        said = [[box for box in own if (box.score or 0) >= LEAST_SCORE] for own in _by_image(found.counts_N, drawn)]
    parts = zip(cases.names, cases.raw, said, true, strict=True)
    return [PictureExhibit(title=name, pixels_HWC=raw, boxes=[*own, *truth]) for name, raw, own, truth in parts]


def _box(box_4: np.ndarray, label: str, *, score: float | None = None, is_truth: bool = False) -> Box:
    left, top, right, bottom = map(float, box_4)
    return Box(left=left, top=top, right=right, bottom=bottom, label=label, score=score, is_truth=is_truth)


def _by_image(counts_N: np.ndarray, boxes: Sequence[Box]) -> list[list[Box]]:
    ends = np.cumsum(counts_N)
    return [list(boxes[end - count : end]) for end, count in zip(ends, counts_N, strict=True)]
