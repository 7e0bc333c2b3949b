"""Boxes found in new images as files: one of JSON in COCO's form, and each image with its boxes drawn.

N images, M boxes, H height, W width, C channels.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from bakeoff.data.boxes.answers import Answers, in_own_pixels
from bakeoff.data.boxes.spec import BoxSpec
from bakeoff.data.image.fitting import placements, scales_and_offsets
from bakeoff.data.image.prediction import picture_of
from bakeoff.data.image.records import Pixels
from bakeoff.errors import EnvironmentFault
from bakeoff.files import write_json
from bakeoff.tasks.file_names import file_names

JSON_FILE = "boxes.coco.json"


def in_images_as_they_came(answers: Answers, sizes_N2: np.ndarray, spec: BoxSpec) -> Answers:
    """Boxes in the network's images, in pixels of the images as they came.

    Args:
        answers: to N images.
        sizes_N2: their heights and widths.
        spec: of the data that the network was trained on.
    """
    to_network_N4 = scales_and_offsets(sizes_N2, spec.image_size, spec.fit)
    own_M4 = in_own_pixels(answers.boxes_M4, answers.counts_N, to_network_N4=to_network_N4, sizes_N2=sizes_N2)
    return answers._replace(boxes_M4=own_M4)


def coco(names: Sequence[str], sizes_N2: np.ndarray, answers: Answers, class_names: Sequence[str]) -> dict[str, Any]:
    """Images, categories and annotations in COCO's form, numbered from 1; each annotation has a ``score``.

    Args:
        names: of the images' files.
        sizes_N2: heights and widths.
        answers: in pixels of these images.
        class_names: of the categories, in their order.
    """
    images = [
        {"id": number, "file_name": name, "height": int(height), "width": int(width)}
        for number, (name, (height, width)) in enumerate(zip(names, sizes_N2, strict=True), start=1)
    ]
    image_M = np.repeat(np.arange(1, len(names) + 1), answers.counts_N)
    corner_M2, opposite_M2 = answers.boxes_M4[:, :2], answers.boxes_M4[:, 2:]
    boxes_M4 = np.round(np.concatenate([corner_M2, opposite_M2 - corner_M2], axis=1), 2)
    rows = zip(image_M.tolist(), boxes_M4.tolist(), answers.classes_M.tolist(), answers.scores_M.tolist(), strict=True)
    annotations = [
        {
            "id": number,
            "image_id": image,
            "category_id": category + 1,
            "bbox": box,
            "area": round(box[2] * box[3], 2),
            "iscrowd": 0,
            "score": round(score, 4),
        }
        for number, (image, box, category, score) in enumerate(rows, start=1)
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(class_names, start=1)]
    return {"images": images, "categories": categories, "annotations": annotations}


def write(
    folder: Path,
    names: Sequence[str],
    raw: Sequence[Any],
    sizes_N2: np.ndarray,
    answers: Answers,
    *,
    spec: BoxSpec,
    least_score: float,
) -> list[Path]:
    """Writes the JSON file and the pictures; the files of these.

    Raises:
        EnvironmentFault: they can't be written.
    """
    files = [folder / name for name in file_names(names)]
    ends = np.cumsum(answers.counts_N)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / JSON_FILE, coco(names, sizes_N2, answers, spec.class_names))
        for row, path in enumerate(files):
            shown = slice(ends[row] - answers.counts_N[row], ends[row])
            boxes = zip(answers.boxes_M4[shown], answers.classes_M[shown], answers.scores_M[shown], strict=True)
            drawn = [(box, number, score) for box, number, score in boxes if score >= least_score]
            picture = _picture(names[row], raw[row], tuple(sizes_N2[row].tolist()), spec)
            _draw(picture, drawn, spec.class_names).save(path)
    except OSError as error:
        problem = f"boxes can't be written there ({error.strerror})"
        step = "task.predict.folder=FOLDER"
        raise EnvironmentFault("env.not_writable", "task.predict.folder", folder, problem, next_step=step) from error
    return files


def _picture(name: str, pixels_HWC: Pixels, size: tuple[int, int], spec: BoxSpec) -> Image.Image:
    """The image as it came; one that was in a table, as the network saw it, at its own size."""
    if Path(name).is_file():
        return picture_of(name, pixels_HWC)
    height, width, top, left = placements(np.array([size]), spec.image_size, spec.fit)[0]
    return picture_of(name, pixels_HWC[top : top + height, left : left + width]).resize((size[1], size[0]))


def _draw(picture: Image.Image, boxes: Sequence[tuple[np.ndarray, int, float]], names: Sequence[str]) -> Image.Image:
    pen, line = ImageDraw.Draw(picture), max(1, min(picture.size) // 200)
    for box, number, score in reversed(boxes):  # the best on top
        hue = colorsys.hsv_to_rgb(number * 0.618 % 1, 0.9, 1.0)
        colour = tuple(round(255 * part) for part in hue)
        left, top, right, bottom = box.tolist()
        pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=line)
        at, words = (left + line, top + line), f"{names[number]} {score:.2f}"
        pen.rectangle(pen.textbbox(at, words), fill=(0, 0, 0))
        pen.text(at, words, fill=colour)
    return picture
