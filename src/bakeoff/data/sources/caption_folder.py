"""A folder of images, and a table that gives each its captions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from bakeoff.data.sources.file_folder import metadata_columns
from bakeoff.data.sources.folders import Tree
from bakeoff.data.sources.image_folder import ImageFolder
from bakeoff.errors import DataError

_NAMES = frozenset({"caption", "captions"})


class CaptionFolder(ImageFolder):
    """Images and a table with a row for each caption, so that several rows of one image are several references::

        pets/metadata.csv  pets/1.jpg                 file_name,caption
        pets/train/metadata.csv  pets/train/1.jpg     1.jpg,a dog on a sofa
                                                      1.jpg,"a brown dog, asleep"

    As of `ImageFolder`, whose tables these are; ``metadata.jsonl`` may hold lists of captions.

    Args:
        folder: that holds table and images.
        sep: between the columns of a metadata.csv, see `TableFormat`; null finds it.
        quote: around fields of a metadata.csv, see `TableFormat`; null finds it.
        encoding: of the metadata files.
    """

    key = "data.folder"
    is_certain = True

    def __init__(
        self, *, folder: str, sep: str | None = None, quote: str | None = None, encoding: str = "utf-8"
    ) -> None:
        super().__init__(path=folder, sep=sep, quote=quote, encoding=encoding)

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``folder`` of a folder with a table that has a column of captions."""
        return "folder" if _NAMES & metadata_columns(path, key=cls.key) else None

    def identity(self) -> dict[str, Any]:
        """As of `ImageFolder`."""
        return super().identity() | {"source": "caption_folder"}

    def _without_table(self, tree: Tree) -> tuple[dict[str, pa.Table], list[str]]:
        problem = f"there is no metadata.csv in {tree.root}, nor in folders of splits: nothing gives images captions"
        step = "write one, with columns file_name and caption"
        raise DataError("data.missing_table", self.key, self._path, problem, next_step=step)
