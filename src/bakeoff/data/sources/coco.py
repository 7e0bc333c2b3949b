"""Images with COCO's JSON: boxes, categories, crowds and areas.

Lin et al. 2014, "Microsoft COCO", arXiv:1405.0312; https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from bakeoff.data.sources.annotated import Annotated, AnnotatedFolder, splits_of
from bakeoff.data.sources.folders import visible_files
from bakeoff.data.splits.names import canonical_split
from bakeoff.errors import DataError

_LAYOUTS = "train/_annotations.coco.json beside images, or annotations/instances_train.json and train/"
_OTHER = ("captions", "person_keypoints", "panoptic", "stuff", "image_info")
"""What COCO's annotation files of other tasks begin with."""
_USUAL = re.compile(r"(.*\.coco|instances.*|annotations|_annotations|labels|result|coco.*)\.json", re.IGNORECASE)
_PARTS = re.compile(r"[_.\- ]+")
_YEAR = re.compile(r"\d+$")
_MOST_SHOWN = 5
_FEWEST_NUMBERS = 6  # of an outline: three points


@dataclasses.dataclass(frozen=True)
class Described:
    """An annotation file: where it lies, relative to the folder, the split that its path says, and what is in it."""

    file: Path
    split: str | None
    token: str
    content: Mapping[str, Any]

    @property
    def places(self) -> list[Path]:
        """Where its images may be, relative to the folder, the likeliest first."""
        tokens = dict.fromkeys((self.token, _YEAR.sub("", self.token))) if self.token else {}
        named = [place for token in tokens for place in (Path(token), Path("images", token))]
        return [self.file.parent, *named, self.file.parent / "images", Path("images"), Path()]


class Coco(AnnotatedFolder):
    """Images and COCO's JSON, laid out in one of these ways::

        cats/train/_annotations.coco.json    cats/train/1.jpg          and the same in valid and test
        cats/annotations/instances_train.json   cats/train/1.jpg       also train2017/, images/train/
        cats/result.json   cats/images/1.jpg                           no splits: they are made

    Args:
        folder: that holds both.
    """

    name = "coco"

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``folder`` of a folder with a JSON file of a usual name."""
        return "folder" if path.is_dir() and any(_is_usual(file) for file in visible_files(path)) else None

    def load(self) -> DatasetDict:
        """A row an image of the JSON files; pixels are not read yet.

        Raises:
            DataError: no such file, one that is no COCO JSON, several of a split, or unknown categories.
        """
        described = described_in(self)
        names, number_of, notes = classes_of(described)
        by_split: dict[str, list[Annotated]] = defaultdict(list)
        for one in described:
            images, left_out = _annotated(self, one, number_of)
            by_split[one.split or "train"] += images
            notes += [left_out] if left_out else []
        used = {image.file for images in by_split.values() for image in images}
        rest = sorted(str(file) for file in self.images.files if self.root / file not in used)
        notes += [f"{len(rest):,} images are in no annotation file and were left out ({rest[0]})."] if rest else []
        return splits_of(by_split, names, [*notes, self.images.note()])

    @staticmethod
    def refuse_unknown(one: Described, own: Sequence[Mapping[str, Any]], known: Mapping[Any, int]) -> None:
        """Nothing, if all annotations are of categories that the file has.

        Raises:
            DataError: some are not.
        """
        unknown = [annotation for annotation in own if annotation.get("category_id") not in known]
        if not unknown:
            return
        ids = sorted({str(annotation.get("category_id")) for annotation in unknown})
        problem = f"annotation {unknown[0].get('id')} in {one.file} has the category_id {', '.join(ids[:_MOST_SHOWN])}"
        problem += ", which is none of the file's categories"
        allowed, step = [str(number) for number in known][:20], "add it to categories, or mend the annotation"
        raise DataError("data.unknown_category", "data.folder", str(one.file), problem, allowed=allowed, next_step=step)


def _is_usual(file: Path) -> bool:
    return bool(_USUAL.fullmatch(file.name)) and not file.name.startswith(_OTHER)


def described_in(source: AnnotatedFolder) -> list[Described]:
    """The annotation files of a folder, one a split.

    Raises:
        DataError: none, one that cannot be read, or several of a split.
    """
    files = sorted(file.relative_to(source.root) for file in visible_files(source.root) if file.suffix == ".json")
    usual = [file for file in files if _is_usual(file)] or [f for f in files if not f.name.startswith(_OTHER)]
    if not usual:
        raise source.refuse_empty(f"there is no COCO JSON in {source.root}", _LAYOUTS)
    found = [_described(source, file) for file in usual]
    for split, count in Counter(one.split for one in found).items():
        if count > 1 or (split is None and len(found) > 1):
            own = ", ".join(str(one.file) for one in found if one.split == split)
            problem = f"several annotation files of {f'the split {split}' if split else 'no split'}: {own}"
            step = "leave one a split, with train, val or test in its name or its folder's"
            raise DataError("data.doubled_file", "data.folder", str(source.root), problem, next_step=step)
    if all(one.split not in (None, "train") for one in found):
        problem = f"no annotation file is of train: {', '.join(str(one.file) for one in found)}"
        raise DataError("data.no_train", "data.folder", str(source.root), problem, allowed=_LAYOUTS)
    return found


def _described(source: AnnotatedFolder, file: Path) -> Described:
    try:
        content = json.loads((source.root / file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        problem = f"{file} cannot be read as JSON ({error})"
        raise DataError("data.coco", "data.folder", str(source.root), problem, next_step="export it anew") from error
    keys = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in keys):
        problem = f"{file} is no COCO JSON: it lacks lists called {', '.join(keys)}"
        raise DataError("data.coco", "data.folder", str(source.root), problem, allowed=_LAYOUTS)
    tokens = [*reversed(file.parent.parts), *reversed(_PARTS.split(file.stem))]
    named = [(split, token) for token in tokens if (split := canonical_split(_YEAR.sub("", token)))]
    split, token = named[0] if named else (None, "")
    return Described(file, split, token, content)


def classes_of(described: Sequence[Described]) -> tuple[list[str], dict[Path, dict[Any, int]], list[str]]:
    """Names of all classes by number, each file's numbers of its category ids, and sentences for the report.

    Numbers follow the ids of the train file, however many are left out between them.

    Raises:
        DataError: one name for two ids.
    """
    names, notes, numbers = [], [], dict[Path, dict[Any, int]]()
    used = {annotation.get("category_id") for one in described for annotation in one.content["annotations"]}
    for one in sorted(described, key=lambda one: one.split not in (None, "train")):
        own = {}
        categories = sorted(one.content["categories"], key=lambda category: (str(type(category["id"])), category["id"]))
        parents = {category.get("supercategory") for category in categories if category["id"] != 0}
        for category in categories:
            name = str(category.get("name", category["id"]))
            if category["id"] == 0 and 0 not in used and name in parents:
                note = f"The category {name} of id 0 has no annotation, is a root of others and was left out."
                notes += [note] if note not in notes else []
                continue
            if name in own:
                problem = f"{one.file} has two categories called {name}"
                raise DataError("data.doubled_class", "data.folder", name, problem, next_step="give them two names")
            own[name] = category["id"]
            names += [name] if name not in names else []
        numbers[one.file] = {number: names.index(name) for name, number in own.items()}
    return names, numbers, notes


def _annotated(
    source: Coco, one: Described, number_of: Mapping[Path, Mapping[Any, int]]
) -> tuple[list[Annotated], str | None]:
    """The images of a file with their objects, and a sentence on annotations of none of them."""
    of_image = annotations_by_image(one)
    known, found = number_of[one.file], []
    for image in one.content["images"]:
        own = of_image.pop(image["id"], [])
        source.refuse_unknown(one, own, known)
        file = source.images.find(str(image["file_name"]), one.places, split=one.split or "")
        size = (int(image.get("height") or 0), int(image.get("width") or 0))
        found.append(
            Annotated(
                file=source.root / file,
                example=file.as_posix(),
                boxes=[annotation.get("bbox") or _box_around(annotation) for annotation in own],
                categories=[known[annotation["category_id"]] for annotation in own],
                crowd=[bool(annotation.get("iscrowd")) for annotation in own],
                areas=[_area(annotation, size) for annotation in own],
                size=size,
            )
        )
    rest = sum(map(len, of_image.values()))
    return found, f"{rest:,} annotations of {one.file} are of no image in it and were left out." if rest else None


def annotations_by_image(one: Described) -> dict[Any, list[Mapping[str, Any]]]:
    """A file's annotations by the id of their image."""
    found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for annotation in one.content["annotations"]:
        found[annotation.get("image_id")].append(annotation)
    return found


def packed(segmentation: Any, size: tuple[int, int]) -> Any | None:
    """A region as pycocotools packs it, all rings of an outline filled; None for an outline without three points.

    Args:
        segmentation: run lengths, packed or not, or rings of points.
        size: height and width of the image.
    """
    from pycocotools import mask as runs  # an extra, and the module is looked at for any folder

    if isinstance(segmentation, Mapping):
        is_list = isinstance(segmentation.get("counts"), list)
        return runs.frPyObjects(segmentation, *size) if is_list else segmentation
    outlines = segmentation if isinstance(segmentation, list) else []
    rings = [ring for ring in outlines if isinstance(ring, list) and len(ring) >= _FEWEST_NUMBERS]
    return runs.merge(runs.frPyObjects(rings, *size)) if rings else None


def _area(annotation: Mapping[str, Any], size: tuple[int, int]) -> float | None:
    """As told, or of the pixels of its region; None leaves the box's own."""
    told, segmentation = annotation.get("area"), annotation.get("segmentation")
    if told is not None or not segmentation or min(size) < 1:
        return told
    from pycocotools import mask as runs  # an extra, and the module is looked at for any folder

    region = packed(segmentation, size)
    return None if region is None else float(runs.area(region))


def _box_around(annotation: Mapping[str, Any]) -> list[float]:
    """The box of an outline, where no box is given."""
    outlines = annotation.get("segmentation")
    points = [value for part in outlines for value in part] if isinstance(outlines, list) else []
    if not points:
        return [0.0, 0.0, 0.0, 0.0]
    left, top = min(points[::2]), min(points[1::2])
    return [left, top, max(points[::2]) - left, max(points[1::2]) - top]
