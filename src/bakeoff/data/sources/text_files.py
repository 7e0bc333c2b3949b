"""Plain text of the user's own: one file, or folders of them."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from bakeoff.data.sources.class_folders import note_on_others, notes_on_splits, split_folders
from bakeoff.data.sources.decoding import read_text
from bakeoff.data.sources.folders import FileKind, read_tree, visible_files
from bakeoff.data.sources.source import Source, existing_path, file_states, noted
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_ABOUT = frozenset({"readme", "license", "licence", "copying", "notice", "authors", "changelog", "makefile"})
"""Names without an ending of files that are about a folder rather than part of it, in lower case."""
_MARKED_UP = frozenset({".md", ".rst", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".jsonl", ".log", ".bak"})
"""Endings of texts in a form of their own, beside those that `mimetypes` knows."""


def _begins_as_text(file: Path, start: bytes) -> bool:
    """Mails and news have names without an ending, or with a number or a hash for one."""
    known = mimetypes.guess_type(file.name)[0] or file.suffix.lower() in _MARKED_UP
    return not known and file.name.lower() not in _ABOUT and bool(start) and b"\0" not in start


TEXTS = FileKind("text", frozenset({".txt", ".text"}), _begins_as_text)


class TextFiles(Source):
    """A document a file, in the order of their names.

    Args:
        file: a text file, or a folder (every text file below it); without the other two, all splits are made from it,
            or are its folders called train, val and test.
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

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``file`` of a text file, or of a folder with some."""
        files = visible_files(path) if path.is_dir() else [path]
        return "file" if any(map(TEXTS.holds, files)) else None

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file."""
        states = {}
        for split, (key, given) in self._given.items():
            root = existing_path(given, key=key)
            files = visible_files(root) if root.is_dir() else [root]
            states[split] = [str(root), file_states(files, relative_to=root.parent)]
        return {"source": "text_files", "encoding": self._encoding, "files": states}

    def load(self) -> DatasetDict:
        """Columns ``text`` and the file's name, a split a setting, or a folder."""
        splits: dict[str, Dataset] = {}
        notes: list[str] = []
        for split, (key, given) in self._given.items():
            root = existing_path(given, key=key)
            found, left_out = _text_files(root, key, with_splits=len(self._given) == 1)
            own = {split: found[""]} if "" in found else found
            splits |= {part: self._read(root, files, key, given) for part, files in own.items()}
            notes += left_out
            if not root.is_dir():
                notes += _note_on_rows(root.name, splits[split]["text"][0])
        return noted(splits, notes)

    def _read(self, root: Path, files: list[Path], key: str, given: str) -> Dataset:
        texts = [read_text(file, encoding=self._encoding, key=key).replace("\r\n", "\n") for file in files]
        if not any(text.strip() for text in texts):
            problem = f"there is no text in {root}"
            raise DataError("data.no_text", key, given, problem, next_step="give a file that holds text")
        names = [file.relative_to(root.parent).as_posix() for file in files]
        return Dataset.from_dict({"text": texts, EXAMPLE_COLUMN: names})


def _note_on_rows(name: str, text: str) -> list[str]:
    """Tells of a text that may be a table: a tab in every line, or the labels of fastText."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and len({line.count("\t") for line in lines}) == 1 and "\t" in lines[0]:
        how = "call it .tsv, with the names of the columns in a line above"
        return [f"Every line of {name} has a tab: if lines are rows of a table, {how}."]
    if all(line.startswith("__label__") for line in lines):
        return [f"Lines of {name} begin with fastText's __label__: as a table, they would have columns label and text."]
    return []


def _text_files(root: Path, key: str, *, with_splits: bool) -> tuple[dict[str, list[Path]], list[str]]:
    """The files by split (all of ``""`` where there are none), and what is left out."""
    if not root.is_dir():
        return {"": [root]}, []
    tree = read_tree(root, TEXTS, key=key)
    if not tree.files:
        raise DataError("data.empty_folder", key, root, "there is no .txt file in this folder or below it")
    tops = split_folders(tree, key=key, with_classes=False) if with_splits else {}
    notes = [*notes_on_splits(tree, tops), *note_on_others(tree.others)]
    parts = tops or {"": ""}
    return {
        part: [root / file for file in tree.files if not top or file.parts[0] == top] for part, top in parts.items()
    }, notes
