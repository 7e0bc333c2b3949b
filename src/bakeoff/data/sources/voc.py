"""Images with Pascal VOC's XML files.

Everingham et al. 2010, "The Pascal Visual Object Classes Challenge"; http://host.robots.ox.ac.uk/pascal/VOC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from datasets import DatasetDict

from bakeoff.data.sources.annotated import Annotated, AnnotatedFolder, split_of, splits_of, with_train
from bakeoff.data.sources.folders import visible_files
from bakeoff.errors import DataError

_LAYOUTS = "JPEGImages/1.jpg and Annotations/1.xml, or train/1.jpg and train/1.xml"
_BEGINNING = 1000  # bytes
_EDGES = ("xmin", "ymin", "xmax", "ymax")


class Voc(AnnotatedFolder):
    """Images and an XML file for each, laid out in one of these ways::

        cats/JPEGImages/1.jpg   cats/Annotations/1.xml   cats/ImageSets/Main/train.txt   and val.txt, test.txt
        cats/train/1.jpg        cats/train/1.xml         and the same in valid and test, or without splits

    Edges of boxes are pixels that belong to them, counted from 1, as VOC has them; or from 0, which is known by a box
    that begins there. Objects that are marked as difficult are not to be found, and do not count, as crowds.

    Args:
        folder: that holds both.
    """

    name = "voc"

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``folder`` of a folder with XML files beside images, or in ``Annotations``."""
        first = (
            next((file for file in visible_files(path) if file.suffix.lower() == ".xml"), None)
            if path.is_dir()
            else None
        )
        return "folder" if first is not None and b"<annotation" in first.read_bytes()[:_BEGINNING] else None

    def load(self) -> DatasetDict:
        """A row an XML file, in the order of their names; boxes are edges in pixels.

        Raises:
            DataError: no XML files, one that is no VOC annotation, or lists of splits without train.
        """
        files = sorted(file for file in visible_files(self.root) if file.suffix.lower() == ".xml")
        if not files:
            raise self.refuse_empty(f"there are no XML files in {self.root}", _LAYOUTS)
        roots = [(file.relative_to(self.root), self._parsed(file)) for file in files]
        least = min((edge for file, root in roots for box in _boxes(file, root) for edge in box[:2]), default=1)
        first = 0 if least == 0 else 1
        listed = self._listed()
        by_split: dict[str, list[Annotated]] = defaultdict(list)
        for file, root in roots:
            own = listed.get(file.stem, []) if listed else [split_of(file)]
            for split in own or [""]:
                by_split[split].append(self._annotated(file, root, first))
        splits, note = with_train(by_split)
        from_0 = None if first else "A box begins at pixel 0, so pixels of the XML files were taken as counted from 0."
        return splits_of(splits, None, [note, from_0, self.images.note()])

    def _parsed(self, file: Path) -> ElementTree.Element:
        try:
            root = ElementTree.parse(file).getroot()
        except (OSError, ElementTree.ParseError) as error:
            problem = f"{file} cannot be read as XML ({error})"
            raise DataError("data.voc", "data.folder", str(self.root), problem, next_step="export it anew") from error
        if root.tag != "annotation":
            problem = f"{file} is no VOC annotation: it begins with <{root.tag}>"
            raise DataError("data.voc", "data.folder", str(self.root), problem, allowed=_LAYOUTS)
        return root

    def _annotated(self, file: Path, root: ElementTree.Element, first: int) -> Annotated:
        name = root.findtext("filename") or ""
        places = [file.parent, file.parent.parent / "JPEGImages", file.parent.parent / "images", Path("JPEGImages")]
        same = next((image for place in places for image in self._beside(place / file.stem)), None)
        image = same or self.images.find(name or file.with_suffix(".jpg").name, places, split=split_of(file))
        objects = root.findall("object")
        return Annotated(
            file=self.root / image,
            example=image.as_posix(),
            boxes=[
                [x - first, y - first, right + 1 - first, low + 1 - first] for x, y, right, low in _boxes(file, root)
            ],
            categories=[str(one.findtext("name")).strip() for one in objects],
            crowd=[(one.findtext("difficult") or "0").strip() == "1" for one in objects],
            areas=[None] * len(objects),
            size=(_number(root.findtext("size/height")), _number(root.findtext("size/width"))),
        )

    def _beside(self, stem: Path) -> list[Path]:
        """The images of a path without its ending."""
        return [
            file
            for ending in (".jpg", ".jpeg", ".png", ".JPG", ".PNG", ".bmp", ".tif")
            if (file := stem.with_name(stem.name + ending)) in self.images.files
        ]

    def _listed(self) -> dict[str, list[str]]:
        """The splits of each name that ``ImageSets/Main`` has lists of; empty without lists."""
        found: dict[str, list[str]] = defaultdict(list)
        lists = {file.stem: file for file in sorted(self.root.glob("**/ImageSets/Main/*.txt"))}
        if "train" not in lists and "trainval" in lists:
            lists["train"] = lists["trainval"]
        for split in ("train", "val", "test"):
            names = lists[split].read_text(encoding="utf-8-sig").split("\n") if split in lists else []
            for name in filter(None, (line.split()[0] if line.split() else "" for line in names)):
                found[name].append(split)
        return found


def _number(text: str | None) -> int:
    try:
        return int(float(text or 0))
    except ValueError:
        return 0


def _boxes(file: Path, root: ElementTree.Element) -> list[Sequence[float]]:
    """The edges of all objects, as they are written.

    Raises:
        DataError: an object without a box of numbers.
    """
    found: list[Sequence[float]] = []
    for number, one in enumerate(root.findall("object"), 1):
        try:
            found.append([float(one.findtext(f"bndbox/{edge}") or "") for edge in _EDGES])
        except ValueError as error:
            problem = f"object {number} of {file} has no box of four numbers"
            allowed = ", ".join(f"<{edge}>" for edge in _EDGES)
            raise DataError("data.box_form", "data.folder", str(file), problem, allowed=allowed) from error
    return found
