"""Plain text of the user's own: one file, or a folder of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from bakeoff.data.sources.csv_file import read_text
from bakeoff.data.sources.source import Source, existing_path, file_states
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError


class TextFiles(Source):
    """A document a file, in the order of their names.

    Args:
        file: a text file, or a folder (every ``.txt`` below it); without the other two, all splits are made from it.
        val_file: what to validate on, a file or a folder; null: made from ``file``.
        test_file: what to test on; null: made from ``file``.
        encoding: of the files; line ends become "\\n".
    """

    def __init__(
        self, *, file: str, val_file: str | None = None, test_file: str | None = None, encoding: str = "utf-8"
    ) -> None:
        named = {
            "train": ("data.file", file),
            "val": ("data.val_file", val_file),
            "test": ("data.test_file", test_file),
        }
        self._given = {split: (key, given) for split, (key, given) in named.items() if given is not None}
        self._encoding = encoding

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every file."""
        states = {}
        for split, (key, given) in self._given.items():
            root = existing_path(given, key=key)
            states[split] = [str(root), file_states(_files(root, key), relative_to=root.parent)]
        return {"source": "text_files", "encoding": self._encoding, "files": states}

    def load(self) -> DatasetDict:
        """Columns ``text`` and the file's name, a split a setting."""
        return DatasetDict({split: self._load(key, given) for split, (key, given) in self._given.items()})

    def _load(self, key: str, given: str) -> Dataset:
        root = existing_path(given, key=key)
        files = _files(root, key)
        texts = [read_text(file, encoding=self._encoding, key=key).replace("\r\n", "\n") for file in files]
        if not any(text.strip() for text in texts):
            problem = f"there is no text in {root}"
            raise DataError("data.no_text", key, given, problem, next_step="give a file that holds text")
        names = [file.relative_to(root.parent).as_posix() for file in files]
        return Dataset.from_dict({"text": texts, EXAMPLE_COLUMN: names})


def _files(root: Path, key: str) -> list[Path]:
    files = sorted(root.rglob("*.txt")) if root.is_dir() else [root]
    if not files:
        raise DataError("data.empty_folder", key, root, "there is no .txt file in this folder or below it")
    return files
