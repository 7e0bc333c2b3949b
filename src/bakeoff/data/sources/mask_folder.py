"""A folder of images and a folder of masks, paired by name.

The layouts that other tools write differ in where the split stands; a mask is found by its image's path with ``images``
in place of ``masks``, whatever its ending.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict, Image

from bakeoff.data.sources.folders import read_tree, visible_files
from bakeoff.data.sources.image_folder import IMAGES
from bakeoff.data.sources.source import Head, Source, existing_path, file_states, noted
from bakeoff.data.splits.names import canonical_split
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_OF_IMAGES = frozenset({"images", "image", "imgs", "img"})
_OF_MASKS = frozenset({"masks", "mask", "labels", "annotations"})
_MOST_NAMED = 2


@dataclasses.dataclass(frozen=True)
class _Found:
    """Files by what pairs them: their path without the folder that says what they are, and without their ending."""

    images: dict[Path, Path]
    masks: dict[Path, Path]


class MaskFolder(Source):
    """Images and masks, laid out in one of these ways::

        cats/images/1.jpg        cats/masks/1.png            no splits: they are made
        cats/train/images/1.jpg  cats/train/masks/1.png      and the same in val and test
        cats/images/train/1.jpg  cats/masks/train/1.png

    Folders may also be called image, imgs or img, and mask, labels or annotations.

    Args:
        folder: that holds both.
        mask_suffix: what the names of masks have before their ending and those of images lack, such as ``_mask``.
    """

    is_certain = True

    def __init__(self, *, folder: str, mask_suffix: str = "") -> None:
        self._folder = folder
        self._mask_suffix = mask_suffix

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``folder`` of a folder with images and masks."""
        if not path.is_dir():
            return None
        files = [file.relative_to(path) for file in visible_files(path)]
        named = [kind for kind in map(_kind, files) if kind]
        return "folder" if {"image", "mask"} <= set(named) else None

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder, and how masks are called."""
        root = self._root()
        states = file_states(visible_files(root), relative_to=root)
        return {"source": "mask_folder", "path": str(root), "files": states, "mask_suffix": self._mask_suffix}

    def load(self) -> DatasetDict:
        """A row a pair, in the order of their names; paths are kept, pixels are not read yet.

        Raises:
            DataError: an image without a mask, or a mask without an image.
        """
        root = self._root()
        found = self._found(root)
        _require_pairs(found, self._mask_suffix, folder=self._folder)
        by_split: dict[str, list[Path]] = {}
        for key in sorted(found.images):
            by_split.setdefault(_split(key), []).append(key)
        if "train" not in by_split:
            by_split = {"train": sorted(found.images)}
        left_out = by_split.pop("", [])
        notes = [f"{len(left_out):,} images beside the splits were left out ({left_out[0]})."] if left_out else []
        splits = {split: _dataset(root, found, keys) for split, keys in by_split.items()}
        return noted(splits, notes)

    def head(self) -> Head:
        """All rows, of which no pixel is read."""
        return Head(self.load(), whole=True)

    def _root(self) -> Path:
        root = existing_path(self._folder, key="data.folder")
        if not root.is_dir():
            step = "give a folder that holds images/ and masks/"
            raise DataError("data.not_a_folder", "data.folder", self._folder, f"{root} is a file", next_step=step)
        return root

    def _found(self, root: Path) -> _Found:
        images: dict[Path, Path] = {}
        masks: dict[Path, Path] = {}
        for file in read_tree(root, IMAGES, key="data.folder").files:
            kind = _kind(file)
            if kind is None:
                continue
            own, suffix = (images, "") if kind == "image" else (masks, self._mask_suffix)
            key = _key(file, suffix)
            if key in own:
                problem = f"two {kind}s have one name: {own[key]} and {file}"
                raise DataError("data.doubled_file", "data.folder", self._folder, problem, next_step="remove one")
            own[key] = file
        if not images:
            problem, layout = f"there are no images in a folder called images in {root}", "images/1.jpg and masks/1.png"
            raise DataError("data.empty_folder", "data.folder", self._folder, problem, allowed=layout)
        return _Found(images, masks)


def _kind(file: Path) -> str | None:
    """Whether a path leads through a folder of images or of masks."""
    names = {part.lower() for part in file.parts[:-1]}
    return "mask" if names & _OF_MASKS else "image" if names & _OF_IMAGES else None


def _key(file: Path, suffix: str) -> Path:
    kept = [part for part in file.parts[:-1] if part.lower() not in _OF_IMAGES | _OF_MASKS]
    return Path(*kept, file.stem.removesuffix(suffix))


def _split(key: Path) -> str:
    """By the first folder that is left; empty for none."""
    return canonical_split(key.parts[0]) or "" if len(key.parts) > 1 else ""


def _require_pairs(found: _Found, suffix: str, *, folder: str) -> None:
    """Refuses what has no counterpart.

    Raises:
        DataError: there is such a file.
    """
    alone = [found.images[key] for key in sorted(found.images.keys() - found.masks.keys())]
    orphans = [found.masks[key] for key in sorted(found.masks.keys() - found.images.keys())]
    if not alone and not orphans:
        return
    told = [f"{len(own):,} {kind} ({_few(own)})" for own, kind in _counted(alone, orphans) if own]
    shared = _suffix_of(found) if found.masks and not suffix else None
    step = f"data.mask_suffix={shared}" if shared else "give each image a mask of the same name, or remove it"
    raise DataError("data.unpaired", "data.folder", folder, " and ".join(told), next_step=step)


def _counted(alone: list[Path], orphans: list[Path]) -> Iterable[tuple[list[Path], str]]:
    return ((alone, "images have no mask"), (orphans, "masks have no image"))


def _suffix_of(found: _Found) -> str | None:
    """What all names of masks end with beside their images' names, if there is such a thing."""
    shortest = min((key.name for key in found.masks), key=len)
    for candidate in (shortest[start:] for start in range(1, len(shortest))):
        if all(key.with_name(key.name.removesuffix(candidate) or "-") in found.images for key in found.masks):
            return candidate
    return None


def _few(files: list[Path]) -> str:
    more = f" and {len(files) - _MOST_NAMED:,} more" if len(files) > _MOST_NAMED else ""
    return ", ".join(map(str, files[:_MOST_NAMED])) + more


def _dataset(root: Path, found: _Found, keys: list[Path]) -> Dataset:
    columns = {
        "image": [str(root / found.images[key]) for key in keys],
        "mask": [str(root / found.masks[key]) for key in keys],
        EXAMPLE_COLUMN: [found.images[key].as_posix() for key in keys],
    }
    return Dataset.from_dict(columns).cast_column("image", Image()).cast_column("mask", Image())
