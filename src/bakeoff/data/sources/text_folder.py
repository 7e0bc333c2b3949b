"""A folder of labelled texts: a folder a class, a file a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from bakeoff.data.sources.class_folders import ClassFolder, class_files
from bakeoff.data.sources.decoding import read_text
from bakeoff.data.sources.folders import read_tree, visible_files
from bakeoff.data.sources.source import Source, existing_folder, file_states, noted
from bakeoff.data.sources.text_files import TEXTS
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError


class TextFolder(Source):
    """Text files in folders, laid out as images are (`bakeoff.data.sources.image_folder`)::

        mails/spam/1.txt                           a folder a class
        mails/train/spam/1.txt                     train, val (or validation) and test, then a folder a class

    Args:
        path: the folder.
        class_folder: of folders in folders, which one names the class: ``first``, ``last``, or their whole ``path``.
        encoding: of the files; line ends become "\\n".
    """

    def __init__(self, *, path: str, class_folder: ClassFolder = "first", encoding: str = "utf-8") -> None:
        self._path = path
        self._class_folder = class_folder
        self._encoding = encoding

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``path`` of a folder with text files in folders."""
        return (
            "path" if path.is_dir() and any(TEXTS.holds(f) for f in visible_files(path) if f.parent != path) else None
        )

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder."""
        folder = existing_folder(self._path, "texts")
        reading = {"class_folder": self._class_folder, "encoding": self._encoding}
        states = file_states(visible_files(folder), relative_to=folder)
        return {"source": "text_folder", "path": str(folder), "files": states} | reading

    def load(self) -> DatasetDict:
        """Columns ``text``, ``label`` and the file's name, in the order of names."""
        tree = read_tree(existing_folder(self._path, "texts"), TEXTS, key="data.path")
        found = class_files(tree, class_folder=self._class_folder, key="data.path")
        if not any(found.splits.values()):
            problem = " ".join([f"there are no texts in folders of {tree.root}", *found.notes[:1]])
            layout = "CLASS/1.txt, or train/CLASS/1.txt and test/CLASS/1.txt"
            raise DataError("data.empty_folder", "data.path", self._path, problem, allowed=layout)
        return noted({split: self._read(tree.root, files) for split, files in found.splits.items()}, found.notes)

    def _read(self, root: Path, files: list[tuple[Path, str]]) -> Dataset:
        texts = [read_text(root / file, encoding=self._encoding, key="data.path") for file, _ in files]
        return Dataset.from_dict(
            {
                "text": [text.replace("\r\n", "\n") for text in texts],
                "label": [name for _, name in files],
                EXAMPLE_COLUMN: [file.as_posix() for file, _ in files],
            }
        )
