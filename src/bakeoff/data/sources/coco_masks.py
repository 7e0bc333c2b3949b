"""Images with COCO's outlines and run lengths, as masks with a class for each pixel.

H height, W width.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict, Features, Value
from datasets import Image as ImageFeature
from numpy.typing import NDArray
from PIL import Image

from bakeoff.data.image.records import UnreadableImage, read_header
from bakeoff.data.sources.coco import Coco, Described, annotations_by_image, classes_of, described_in, packed
from bakeoff.data.sources.source import Head, noted
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

BACKGROUND = "background"


class CocoMasks(Coco):
    """The folders of `Coco`, read for their outlines (lists of points) and run lengths.

    Pixels of no annotation are ``background``, class 0. Where annotations overlap, the smaller one is seen. Of an
    outline all rings are filled: holes are told by run lengths only. Crowds are of their class as all others.

    Args:
        folder: that holds images and JSON files.
    """

    name = "coco_masks"

    def head(self) -> Head | None:
        """Nothing: to draw all masks is no matter of a moment."""
        self.identity()
        return None

    def load(self) -> DatasetDict:
        """A row an image of the JSON files, with its mask, drawn now.

        Raises:
            DataError: as of `Coco`, no outlines at all, or run lengths of another size than their image.
        """
        described = described_in(self)
        names, number_of, notes = classes_of(described)
        named = {BACKGROUND: 0} | {name: number for number, name in enumerate(names, 1) if name != BACKGROUND}
        values = {number: named[name] for number, name in enumerate(names)}
        splits, bare = {}, list[str]()
        for one in described:
            numbers = {category: values[number] for category, number in number_of[one.file].items()}
            splits[one.split or "train"] = self._drawn(one, numbers, bare)
        if bare and len(bare) == sum(len(one.content["annotations"]) for one in described):
            problem, step = (
                "no annotation has an outline or run lengths",
                "task=object_detection data=coco learns boxes",
            )
            raise DataError("data.no_masks", "data.folder", self._folder, problem, next_step=step)
        if bare:
            notes.append(f"{len(bare):,} annotations cover no area and were left out (first {bare[0]}).")
        loaded = noted(splits, [*notes, *filter(None, [self.images.note()])])
        loaded.classes = named
        return loaded

    def _drawn(self, one: Described, numbers: Mapping[Any, int], bare: list[str]) -> Dataset:
        of_image = annotations_by_image(one)
        rows: dict[str, list[Any]] = {"image": [], "mask": [], EXAMPLE_COLUMN: []}
        for image in one.content["images"]:
            own = of_image.get(image["id"], [])
            self.refuse_unknown(one, own, numbers)
            file = self.images.find(str(image["file_name"]), one.places, split=one.split or "")
            size = self._size(image, file.as_posix())
            regions = [(self._region(annotation, size, one), annotation) for annotation in own]
            bare += [f"annotation {a.get('id')} in {one.file}" for mask_HW, a in regions if mask_HW is None]
            seen = [(mask_HW, numbers[a["category_id"]]) for mask_HW, a in regions if mask_HW is not None]
            rows["image"].append({"path": str(self.root / file), "bytes": None})
            rows["mask"].append({"path": None, "bytes": _png(_painted(seen, size))})
            rows[EXAMPLE_COLUMN].append(file.as_posix())
        features = Features({"image": ImageFeature(), "mask": ImageFeature(), EXAMPLE_COLUMN: Value("string")})
        return Dataset.from_dict(rows, features=features)

    def _size(self, image: Mapping[str, Any], file: str) -> tuple[int, int]:
        """Height and width of an image, as it is told or else as its file has it."""
        told = (int(image.get("height") or 0), int(image.get("width") or 0))
        if min(told) > 0:
            return told
        try:
            header = read_header({"path": str(self.root / file)})
        except UnreadableImage:  # told with all others that can't be read
            return 1, 1
        return header.height, header.width

    def _region(self, annotation: Mapping[str, Any], size: tuple[int, int], one: Described) -> NDArray[np.bool_] | None:
        """What an annotation covers; None where it has no area.

        Raises:
            DataError: run lengths of another size than the image, or that fill no image.
        """
        from pycocotools import mask as runs  # an extra, and the module is looked at for any folder

        told, (height, width) = annotation.get("segmentation"), size
        if isinstance(told, Mapping) and list(told.get("size", ())) != [height, width]:
            where, other = f"annotation {annotation.get('id')} in {one.file}", told.get("size")
            problem = f"{where} has run lengths of the size {other}, and its image is {height}x{width}"
            step = "export it anew, with the sizes of the images"
            raise DataError("data.mask_size", "data.folder", self._folder, problem, next_step=step)
        region = packed(told, size)
        if region is None:
            return None
        drawn_HW: NDArray[np.bool_] = runs.decode(region).astype(bool)
        return drawn_HW if drawn_HW.any() else None


def _painted(regions: Sequence[tuple[NDArray[np.bool_], int]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Classes of pixels, larger regions below smaller ones."""
    mask_HW = np.zeros(size, dtype=np.uint8)
    for region_HW, number in sorted(regions, key=lambda region: -int(region[0].sum())):
        mask_HW[region_HW] = number
    return mask_HW


def _png(mask_HW: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(mask_HW).save(buffer, format="PNG")
    return buffer.getvalue()
