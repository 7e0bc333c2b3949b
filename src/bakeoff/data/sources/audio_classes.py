"""A folder of recordings: a folder a class, or a table that gives each file its class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Audio

from bakeoff.data.columns import has_usual_names
from bakeoff.data.sources.audio_folder import RECORDINGS, TRANSCRIPTS
from bakeoff.data.sources.class_folders import ClassFolder
from bakeoff.data.sources.file_folder import FileFolder, metadata_columns
from bakeoff.data.sources.folders import Tree, visible_files


class AudioClasses(FileFolder):
    """Recordings in folders, laid out in one of these ways (``train`` and so on may be missing)::

        keywords/stop/1.wav                          a folder a class
        keywords/train/stop/1.wav                    train, val (or validation) and test, then a folder a class
        keywords/metadata.csv  keywords/1.wav        a table with a column file_name, one of labels, any others
        keywords/train/metadata.csv                  such a table in each split's folder

    Args:
        folder: that holds the recordings.
        class_folder: of folders in folders, which one names the class: ``first``, ``last``, or their whole ``path``.
        sep: between the columns of a metadata.csv, see `TableFormat`; null finds it.
        quote: around fields of a metadata.csv, see `TableFormat`; null finds it.
        encoding: of the metadata files.
    """

    is_certain = True
    files = RECORDINGS
    column = "audio"
    feature = Audio(decode=False)
    layouts = "CLASS/1.wav, or train/CLASS/1.wav and test/CLASS/1.wav, or metadata.csv with file_name,label"

    def __init__(
        self,
        *,
        folder: str,
        class_folder: ClassFolder = "first",
        sep: str | None = None,
        quote: str | None = None,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(path=folder, sep=sep, quote=quote, encoding=encoding)
        self._class_folder = class_folder

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``folder`` of a folder that holds recordings for the most part, where no table says other things of them."""
        if not path.is_dir():
            return None
        columns = metadata_columns(path, key=cls.key)
        if columns and (TRANSCRIPTS & columns or not has_usual_names(columns, ["label"])):
            return None
        are_recordings = list(map(RECORDINGS.holds, visible_files(path)))
        return "folder" if sum(are_recordings) > len(are_recordings) / 2 else None

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder, and how it is read."""
        return {"source": "audio_classes", "class_folder": self._class_folder} | super().identity()

    def _without_table(self, tree: Tree) -> tuple[dict[str, pa.Table], list[str]]:
        return self._by_class_folder(tree, self._class_folder)
