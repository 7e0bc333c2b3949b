"""Images whose objects stand in files of their own: the folders and rows that all such layouts share."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PureWindowsPath
from typing import Any

from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, List, Value

from bakeoff.data.sources.folders import read_tree, visible_files
from bakeoff.data.sources.image_folder import IMAGES
from bakeoff.data.sources.source import Head, Source, existing_path, file_states, noted
from bakeoff.data.splits.names import canonical_split
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

Category = int | str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Annotated:
    """An image file and its objects; ``size`` is the height and width that the annotations tell, 0 where they don't."""

    file: Path
    example: str
    boxes: Sequence[Sequence[float]]
    categories: Sequence[Category]
    crowd: Sequence[bool]
    areas: Sequence[float | None]
    size: tuple[int, int] = (0, 0)


class AnnotatedFolder(Source):
    """A folder of images and of files that say what is in them.

    Args:
        folder: that holds both.
    """

    is_certain = True
    name: str
    """What the source is called."""

    def __init__(self, *, folder: str) -> None:
        self._folder = folder

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder."""
        states = file_states(visible_files(self.root), relative_to=self.root)
        return {"source": self.name, "path": str(self.root), "files": states}

    def head(self) -> Head | None:
        """All rows, of which no pixel is read."""
        return Head(self.load(), whole=True)

    @cached_property
    def root(self) -> Path:
        """The folder, absolute.

        Raises:
            DataError: it does not exist, or is a file.
        """
        root = existing_path(self._folder, key="data.folder")
        if not root.is_dir():
            step = "give the folder that holds images and annotations"
            raise DataError("data.not_a_folder", "data.folder", self._folder, f"{root} is a file", next_step=step)
        return root

    @cached_property
    def images(self) -> ImageFiles:
        """All images of the folder."""
        return ImageFiles(self.root, read_tree(self.root, IMAGES, key="data.folder").files)

    def refuse_empty(self, problem: str, allowed: str) -> DataError:
        """The error for a folder that has nothing of this layout."""
        return DataError("data.empty_folder", "data.folder", self._folder, problem, allowed=allowed)


class ImageFiles:
    """The images of a folder, by their path and by their last part.

    Args:
        root: the folder.
        files: relative to it.
    """

    def __init__(self, root: Path, files: Iterable[Path]) -> None:
        self.root = root
        self.files = frozenset(files)
        self._of_name: dict[str, list[Path]] = defaultdict(list)
        for file in sorted(self.files):
            self._of_name[file.name].append(file)
        self.by_last_part = 0

    def find(self, name: str, places: Iterable[Path], *, split: str = "") -> Path:
        """The image that a name means, relative to the root; if there is none, where it should be.

        Args:
            name: as annotations have it: relative to one of the places, or leading into the folders of another tool,
                of which only the last part is known here.
            places: relative to the root, the likeliest first.
            split: of the annotations; images in folders of other splits are not meant.
        """
        plain, places = PureWindowsPath(name).as_posix(), list(places)
        for place in places:
            candidate = Path(plain) if place == Path() else place / plain
            if candidate in self.files:
                return candidate
        alike = self._of_name.get(Path(plain.partition("?")[0]).name, [])
        alike = [file for file in alike if split_of(file) in ("", split)]
        near = [file for file in alike if any(place != Path() and place in file.parents for place in places)]
        for found in (near, alike):
            if len(found) == 1:
                self.by_last_part += 1
                return found[0]
        return places[0] / plain

    def note(self) -> str | None:
        """A sentence where images were found by the last part of their name."""
        told = f"{self.by_last_part:,} images were found by the last part of the name that their annotations have."
        return told if self.by_last_part else None


def split_of(file: Path) -> str:
    """The split that a path leads through; empty for none."""
    return next((split for part in file.parts[:-1] if (split := canonical_split(part))), "")


def with_train(by_split: Mapping[str, Sequence[Annotated]]) -> tuple[dict[str, Sequence[Annotated]], str | None]:
    """The splits that there are, and a sentence on images of none; all are to train on where no split says so."""
    if "train" not in by_split:
        return {"train": [image for images in by_split.values() for image in images]}, None
    rest = by_split.get("", [])
    note = f"{len(rest):,} images are in no split and were left out ({rest[0].example})." if rest else None
    return {split: images for split, images in by_split.items() if split}, note


def splits_of(
    by_split: Mapping[str, Sequence[Annotated]], names: Sequence[str] | None, notes: Iterable[str | None]
) -> DatasetDict:
    """Rows of ``image``, ``objects``, ``height`` and ``width``; ``names`` of the classes that categories number."""
    texts = any(isinstance(one, str) for images in by_split.values() for image in images for one in image.categories)
    category = Value("string" if texts else "int64") if names is None or texts else ClassLabel(names=list(names))
    features = Features(
        {
            "image": Image(),
            "objects": {
                "bbox": List(List(Value("float64"))),
                "category": List(category),
                "iscrowd": List(Value("bool")),
                "area": List(Value("float64")),
            },
            "height": Value("int64"),
            "width": Value("int64"),
            EXAMPLE_COLUMN: Value("string"),
        }
    )
    splits = {
        split: Dataset.from_list(list(map(_row, images)), features=features) for split, images in by_split.items()
    }
    return noted(splits, filter(None, notes))


def _row(image: Annotated) -> dict[str, Any]:
    objects = {
        "bbox": [list(map(float, box)) for box in image.boxes],
        "category": list(image.categories),
        "iscrowd": list(image.crowd),
        "area": list(image.areas),
    }
    height, width = image.size
    shown = {"image": {"path": str(image.file), "bytes": None}, "height": height, "width": width}
    return shown | {"objects": objects, EXAMPLE_COLUMN: image.example}
