"""Captions of new images as files: one of JSON as COCO's results have it, and each image with its caption below.

H height, W width, C channels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from bakeoff.data.image.prediction import picture_of
from bakeoff.data.image.records import Pixels
from bakeoff.errors import EnvironmentFault
from bakeoff.files import write_json
from bakeoff.tasks.file_names import file_names

JSON_FILE = "captions.json"
_LEAST_WIDTH, _FONT_SIZE, _EDGE = 320, 14, 6
_LAST_NUMBER = re.compile(r"(\d+)\D*$")


def results(names: Sequence[str], captions: Sequence[str]) -> list[dict[str, Any]]:
    """An entry an image, in the form of COCO's results: its number and its caption; and its file.

    Numbers are those at the end of the files' names (``COCO_val2014_000000391895.jpg`` is 391895) where each has one of
    its own, else they count from 1.
    """
    found = [_LAST_NUMBER.search(Path(name).stem) for name in names]
    numbers = [int(match[1]) for match in found if match]
    if len(set(numbers)) < len(names):
        numbers = list(range(1, len(names) + 1))
    return [
        {"image_id": number, "file_name": name, "caption": caption}
        for number, name, caption in zip(numbers, names, captions, strict=True)
    ]


def write_captions(folder: Path, names: Sequence[str], raw: Sequence[Pixels], captions: Sequence[str]) -> list[Path]:
    """Writes the JSON file and the pictures; the files of these.

    Args:
        folder: to write into.
        names: of the images: files, or rows of a table.
        raw: the images as the network saw them.
        captions: of them.

    Raises:
        EnvironmentFault: they can't be written.
    """
    files = [folder / name for name in file_names(names)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / JSON_FILE, results(names, captions))
        for name, pixels_HWC, caption, file in zip(names, raw, captions, files, strict=True):
            captioned(picture_of(name, pixels_HWC), caption).save(file)
    except OSError as error:
        problem = f"captions can't be written there ({error.strerror})"
        step = "task.predict.folder=FOLDER"
        raise EnvironmentFault("env.not_writable", "task.predict.folder", folder, problem, next_step=step) from error
    return files


def captioned(picture: Image.Image, caption: str) -> Image.Image:
    """The picture with its caption below, in black on white; small ones are enlarged."""
    scale = max(1, -(-_LEAST_WIDTH // picture.width))
    if scale > 1:
        picture = picture.resize((scale * picture.width, scale * picture.height), Image.Resampling.NEAREST)
    font = ImageFont.load_default(_FONT_SIZE)
    lines = _lines(caption, font, picture.width - 2 * _EDGE)
    line_height = round(1.4 * _FONT_SIZE)
    sheet = Image.new("RGB", (picture.width, picture.height + line_height * len(lines) + 2 * _EDGE), "white")
    sheet.paste(picture, (0, 0))
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((_EDGE, picture.height + _EDGE + number * line_height), line, fill="black", font=font)
    return sheet


def _lines(text: str, font: Any, width: int) -> list[str]:
    """The words in lines of at most so many pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
