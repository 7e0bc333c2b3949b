"""A folder of files of one kind, and a table that says something of each.

The files are listed here and handed on as paths, rather than by the loaders of `datasets`: those guess splits from
words in any path, so that a class called ``test_tube`` or a parent folder ``train_data`` becomes a split.
"""

from __future__ import annotations

import abc
import dataclasses
import os
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from datasets import Audio, Dataset, DatasetDict, Image

from bakeoff.data.sources.class_folders import ClassFolder, class_files, split_folders
from bakeoff.data.sources.folders import FileKind, Tree, read_tree, visible_files
from bakeoff.data.sources.source import Head, Source, existing_folder, file_states, noted
from bakeoff.data.sources.table_file import read_table_file
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_METADATA = ("metadata.csv", "metadata.jsonl")
FILE_NAME = "file_name"


class FileFolder(Source, abc.ABC):
    """Files of one kind in a folder, in it or in folders of splits, named by a table or by where they lie.

    Args:
        path: the folder.
        sep: between the columns of a metadata.csv, see `TableFormat`; null finds it.
        quote: around fields of a metadata.csv, see `TableFormat`; null finds it.
        encoding: of the metadata files.
    """

    key: ClassVar[str] = "data.folder"
    """The setting that names the folder."""
    files: ClassVar[FileKind]
    """What is looked for."""
    column: ClassVar[str]
    """What the column of files is called."""
    feature: ClassVar[Image | Audio]
    """What `datasets` takes its files for."""
    layouts: ClassVar[str]
    """How files may lie, for who has none where they are looked for."""

    def __init__(self, *, path: str, sep: str | None = None, quote: str | None = None, encoding: str = "utf-8") -> None:
        self._path = path
        self._format = TableFormat(sep=sep, quote=quote, encoding=encoding)

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder, and how it is read."""
        folder = existing_folder(self._path, f"{self.files.noun}s", key=self.key)
        states = file_states(visible_files(folder), relative_to=folder)
        return {"path": str(folder), "files": states, **dataclasses.asdict(self._format)}

    def load(self) -> DatasetDict:
        """A row a file, in the order of their names; paths are kept, files are not read yet."""
        noun = self.files.noun
        tree = read_tree(existing_folder(self._path, f"{noun}s", key=self.key), self.files, key=self.key)
        tables, notes = self._tables(tree)
        if not any(len(table) for table in tables.values()):
            problem = f"there are no {noun}s in {tree.root}, neither in class folders nor named by a metadata file"
            problem = " ".join([problem, *(f"({note.removesuffix('.')})" for note in notes[:1])])
            raise DataError("data.empty_folder", self.key, self._path, problem, allowed=self.layouts)
        datasets = {split: Dataset(table).cast_column(self.column, self.feature) for split, table in tables.items()}
        return noted(datasets, notes)

    def head(self) -> Head:
        """All rows, of which no file is read."""
        return Head(self.load(), whole=True)

    @abc.abstractmethod
    def _without_table(self, tree: Tree) -> tuple[dict[str, pa.Table], list[str]]:
        """The rows of each split and notes, where no table says anything of the files."""

    def _tables(self, tree: Tree) -> tuple[dict[str, pa.Table], list[str]]:
        """The rows of each split, and sentences on what is left out."""
        whole = metadata_file(tree.root, key=self.key)
        tops = split_folders(tree, key=self.key, with_classes=False)
        listed = {split: file for split, top in tops.items() if (file := metadata_file(tree.root / top, key=self.key))}
        if whole is None and not listed:
            return self._without_table(tree)
        notes: list[str] = []
        if whole is not None:
            tables = _by_top_folder(self._named_by(whole, tree.root, notes), tops)
        else:
            _require_all(tops, listed, tree.root, key=self.key)
            tables = {split: self._named_by(file, tree.root, notes) for split, file in listed.items()}
        named = {name for table in tables.values() for name in table[EXAMPLE_COLUMN].to_pylist()}
        lost = [file.as_posix() for file in tree.files if file.as_posix() not in named]
        table_name = " and ".join(sorted({file.name for file in [whole, *listed.values()] if file}))
        if lost:
            note = f"{self.files.noun}s that {table_name} does not name, or that lie outside of the splits,"
            notes.append(f"{len(lost):,} {note} were left out: {', '.join(lost[:3])}.")
        return tables, notes

    def _named_by(self, metadata: Path, root: Path, notes: list[str]) -> pa.Table:
        """The files that a table names, with its other columns, without the rows that name none."""
        read = read_table_file(metadata, self._format, key=self.key)
        if FILE_NAME not in read.table.column_names:
            problem = f"{metadata} has no column {FILE_NAME}"
            raise DataError("data.missing_column", FILE_NAME, None, problem, allowed=read.table.column_names)
        is_named = [bool(name) for name in read.table[FILE_NAME].to_pylist()]
        table, num_left = read.table.filter(pa.array(is_named)), is_named.count(False)
        notes += read.notes
        if num_left:
            notes.append(f"{num_left:,} rows of {metadata.name} without a {FILE_NAME} were left out.")
        files = [_inside(root, metadata.parent, str(name), metadata) for name in table[FILE_NAME].to_pylist()]
        others = {name: table[name] for name in table.column_names if name != FILE_NAME}
        return self._with_files(others, files, root)

    def _by_class_folder(
        self, tree: Tree, class_folder: ClassFolder = "first"
    ) -> tuple[dict[str, pa.Table], list[str]]:
        """The rows of each split with a ``label``, by the folders of classes that files lie in, and notes."""
        found = class_files(tree, class_folder=class_folder, key=self.key)
        tables = {}
        for split, files in found.splits.items():
            labels = pa.array([name for _, name in files], pa.string())
            tables[split] = self._with_files({"label": labels}, [tree.root / file for file, _ in files], tree.root)
        return tables, list(found.notes)

    def _with_files(self, columns: dict[str, Any], files: list[Path], root: Path) -> pa.Table:
        paths = pa.array([str(file) for file in files], pa.string())
        names = pa.array([file.relative_to(root).as_posix() for file in files], pa.string())
        return pa.table({**columns, self.column: paths, EXAMPLE_COLUMN: names})


def metadata_file(folder: Path, *, key: str) -> Path | None:
    """The table in a folder; ``key`` is the setting to blame.

    Raises:
        DataError: there are two.
    """
    found = [folder / name for name in _METADATA if (folder / name).exists()]
    if len(found) > 1:
        problem = f"{folder} holds two tables, {' and '.join(_METADATA)}"
        raise DataError("data.doubled_table", key, folder, problem, next_step="keep one of them")
    return found[0] if found else None


def metadata_columns(path: Path, *, key: str) -> set[str]:
    """Names of columns, in lower case, of the tables in a folder and in those below it; none where it is no folder."""
    if not path.is_dir():
        return set()
    folders = [path, *(entry for entry in sorted(path.iterdir()) if entry.is_dir())]
    files = [file for folder in folders if (file := metadata_file(folder, key=key)) is not None]
    return {name for file in files for name in _names(file, key)}


def _names(file: Path, key: str) -> list[str]:
    """Of its columns; none where it cannot be read, which whoever reads all of it says."""
    try:
        return [name.lower() for name in read_table_file(file, TableFormat(), key=key).table.column_names]
    except DataError:
        return []


def _require_all(tops: dict[str, str], listed: dict[str, Path], root: Path, *, key: str) -> None:
    lacking = [top for split, top in tops.items() if split not in listed]
    if lacking:
        given = next(iter(listed.values())).relative_to(root)
        problem = f"there is {given}, and no such table in {', '.join(lacking)}"
        raise DataError("data.missing_table", key, root, problem, next_step="give each split's folder a table")


def _by_top_folder(table: pa.Table, tops: dict[str, str]) -> dict[str, pa.Table]:
    if not tops:
        return {"train": table}
    top_folders = [name.split("/")[0] for name in table[EXAMPLE_COLUMN].to_pylist()]
    return {split: table.filter(pa.array([top == own for own in top_folders])) for split, top in tops.items()}


def _inside(root: Path, folder: Path, name: str, metadata: Path) -> Path:
    """The file that a table in ``folder`` names; outside of ``root`` nobody would notice that it changes."""
    path = Path(os.path.relpath(folder / name, root))
    if os.pardir in path.parts:
        problem = f"{metadata} names a file outside of {root}"
        next_step = "give paths relative to the table, below the folder; a link to a folder elsewhere will do"
        raise DataError("data.outside_folder", FILE_NAME, name, problem, next_step=next_step)
    return root / path
