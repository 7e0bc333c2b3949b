"""Images with YOLO's text files: a line an object, its class and its box in fractions of the image."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml
from datasets import DatasetDict

from bakeoff.data.sources.annotated import Annotated, AnnotatedFolder, split_of, splits_of, with_train
from bakeoff.data.sources.folders import visible_files
from bakeoff.errors import DataError

_LAYOUTS = "images/train/1.jpg and labels/train/1.txt, or train/images/1.jpg and train/labels/1.txt"
_LISTS = ("classes.txt", "labels/classes.txt", "obj.names")
"""Where tools keep the names of classes, a line each."""
_NO_LABELS = frozenset({"classes.txt", "train.txt", "val.txt", "test.txt", "readme.txt", "readme.dataset.txt"})
_FEWEST_OF_OUTLINE = 6


class Yolo(AnnotatedFolder):
    """Images and a text file for each, laid out in one of these ways::

        cats/images/train/1.jpg   cats/labels/train/1.txt      0 0.52 0.40 0.20 0.31    class, centre, width, height
        cats/train/images/1.jpg   cats/train/labels/1.txt      with or without splits
        cats/1.jpg                cats/1.txt                   side by side

    An image without a text file has no objects. ``names`` of a ``data.yaml``, ``classes.txt`` or ``obj.names`` are
    those of the classes. A line may give an outline instead of a box: the box around it is taken.

    Args:
        folder: that holds both.
    """

    name = "yolo"

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``folder`` of a folder with images and labels in folders called so, or a ``data.yaml``."""
        if not path.is_dir():
            return None
        files = [file.relative_to(path) for file in visible_files(path)]
        labelled = any(file.suffix == ".txt" and "labels" in file.parts[:-1] for file in files)
        return "folder" if labelled or (path / "data.yaml").is_file() else None

    def load(self) -> DatasetDict:
        """A row an image, in the order of their names; boxes are centre, width and height in fractions.

        Raises:
            DataError: no labels, labels without an image, lines that are no box, or classes without a name.
        """
        labels = {
            file.relative_to(self.root)
            for file in visible_files(self.root)
            if file.suffix.lower() == ".txt" and file.name.lower() not in _NO_LABELS
        }
        names = self._names()
        by_split: dict[str, list[Annotated]] = defaultdict(list)
        used = set()
        for file in sorted(self.images.files):
            label = _label_of(file)
            used.add(label)
            by_split[split_of(file)].append(self._annotated(file, label if label in labels else None, names))
        if not labels & used:
            raise self.refuse_empty(f"there are no images with a text file of boxes in {self.root}", _LAYOUTS)
        alone = sorted(map(str, labels - used))
        if alone:
            problem = f"{len(alone):,} text files of boxes have no image ({alone[0]})"
            raise DataError("data.unpaired", "data.folder", str(self.root), problem, next_step="add it, or remove them")
        splits, note = with_train(by_split)
        return splits_of(splits, names, [note])

    def _annotated(self, file: Path, label: Path | None, names: list[str] | None) -> Annotated:
        lines = [] if label is None else (self.root / label).read_text(encoding="utf-8-sig").splitlines()
        read = [_read(line, label, number, names) for number, line in enumerate(lines, 1) if line.strip()]
        return Annotated(
            file=self.root / file,
            example=file.as_posix(),
            boxes=[box for _, box in read],
            categories=[kind for kind, _ in read],
            crowd=[False] * len(read),
            areas=[None] * len(read),
        )

    def _names(self) -> list[str] | None:
        """The classes' names, by number; None where nothing tells them."""
        for name in ("data.yaml", "data.yml", "dataset.yaml"):
            if (self.root / name).is_file():
                return self._names_of(name)
        listed = next((file for place in _LISTS if (file := self.root / place).is_file()), None)
        lines = listed.read_text(encoding="utf-8-sig").splitlines() if listed else []
        return [line.strip() for line in lines if line.strip()] or None

    def _names_of(self, name: str) -> list[str] | None:
        try:
            content: Any = yaml.safe_load((self.root / name).read_text(encoding="utf-8-sig"))
            names = content.get("names") if isinstance(content, dict) else None
            if isinstance(names, dict):
                known = {int(number): one for number, one in names.items()}
                names = [known.get(number, number) for number in range(max(known, default=-1) + 1)]
        except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
            problem = f"{name} cannot be read: it should have names, a list or a mapping of numbers"
            problem += f" ({str(error).splitlines()[0]})"
            raise DataError("data.yolo", "data.folder", str(self.root), problem, next_step="mend it") from error
        return [str(one) for one in names] if isinstance(names, list) and names else None


def _label_of(image: Path) -> Path:
    """The text file of an image: its path with labels for the last images, and another ending."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place].lower() == "images":
            parts[place] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _read(line: str, file: Path | None, number: int, names: list[str] | None) -> tuple[int, list[float]]:
    """Class and box of a line.

    Raises:
        DataError: it is none.
    """
    where, problem = f"line {number} of {file}", ""
    try:
        kind, *values = (float(word) for word in line.split())
    except ValueError:
        kind, values = -1.0, []
    if kind != int(kind) or kind < 0 or (len(values) != 4 and (len(values) < _FEWEST_OF_OUTLINE or len(values) % 2)):
        problem = f"{where} is no box: {line.strip()[:60]!r}"
        allowed = (
            "class, centre x, centre y, width, height; or class and the points of an outline; fractions of the image"
        )
        raise DataError("data.box_form", "data.folder", str(file), problem, allowed=allowed)
    if names is not None and kind >= len(names):
        problem = f"{where} has the class {int(kind)}, and data.yaml names {len(names)}"
        step = "add its name, or mend the line"
        raise DataError("data.unknown_category", "data.folder", str(file), problem, allowed=names[:20], next_step=step)
    if len(values) > 4:
        (left, right), (top, bottom) = ((min(part), max(part)) for part in (values[::2], values[1::2]))
        values = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    return int(kind), values
