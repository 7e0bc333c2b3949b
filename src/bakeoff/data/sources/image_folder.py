"""A folder of images: a folder a class, or a metadata file that gives each file its label.

The files are listed here and handed to `datasets` as paths, rather than by its own ``imagefolder`` loader: that one
guesses splits from words in any path, so that a class called ``test_tube`` or a parent folder ``train_data`` becomes a
split.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from datasets import Dataset, DatasetDict, Image

from bakeoff.data.sources.class_folders import ClassFolder, class_files, split_folders
from bakeoff.data.sources.folders import FileKind, Tree, read_tree, visible_files
from bakeoff.data.sources.source import Head, Source, existing_folder, file_states, noted
from bakeoff.data.sources.table_file import SUFFIXES, read_table_file, table_suffix
from bakeoff.data.sources.table_format import TableFormat
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_METADATA = ("metadata.csv", "metadata.jsonl")
_FILE_NAME = "file_name"
_READ = ".png .jpg .jpeg .jpe .jfif .jif .bmp .dib .gif .tif .tiff .webp .avif .jp2 .ppm .pgm .pbm .pnm .tga .ico"
_UNREAD = ".heic .heif .dcm .svg .dng .cr2 .nef .arw"
"""Pictures that no reader here takes: listed, so that they are unreadable images and not left out."""
_SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")


def _begins_as_image(file: Path, start: bytes) -> bool:
    is_bitmap = start[:2] == b"BM" and start[6:10] == bytes(4)
    in_box = start[4:12] in (b"ftypavif", b"ftypheic", b"ftypmif1")
    return start.startswith(_SIGNATURES) or start[:4] + start[8:12] == b"RIFFWEBP" or in_box or is_bitmap


IMAGES = FileKind("image", frozenset(f"{_READ} {_UNREAD}".split()), _begins_as_image)


class ImageFolder(Source):
    """Images in folders, laid out in one of these ways (``train`` and so on may be missing)::

        flowers/rose/1.png                         a folder a class
        flowers/train/rose/1.png                   train, val (or validation) and test, then a folder a class
        flowers/metadata.csv  flowers/1.png        a table with a column file_name, one of labels, any others
        flowers/train/metadata.csv                 such a table in each split's folder

    Folders may be links to folders elsewhere. Hidden files and folders are not seen; whatever else is left out is
    counted in a note.

    Args:
        path: the folder.
        class_folder: of folders in folders, which one names the class: ``first``, ``last``, or their whole ``path``.
        sep: between the columns of a metadata.csv, see `TableFormat`; null finds it.
        quote: around fields of a metadata.csv, see `TableFormat`; null finds it.
        encoding: of the metadata files.
    """

    key: ClassVar[str] = "data.path"
    """The setting that names the folder."""

    def __init__(
        self,
        *,
        path: str,
        class_folder: ClassFolder = "first",
        sep: str | None = None,
        quote: str | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self._path = path
        self._class_folder = class_folder
        self._format = TableFormat(sep=sep, quote=quote, encoding=encoding)

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``path`` of a folder with images."""
        return "path" if any(map(IMAGES.holds, visible_files(path))) else None

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder, and how it is read."""
        folder = existing_folder(self._path, "images", key=self.key)
        states = file_states(visible_files(folder), relative_to=folder)
        how = {"class_folder": self._class_folder, **dataclasses.asdict(self._format)}
        return {"source": "image_folder", "path": str(folder), "files": states, **how}

    def load(self) -> DatasetDict:
        """A row a file, in the order of their names; paths are kept, pixels are not read yet."""
        tree = read_tree(existing_folder(self._path, "images", key=self.key), IMAGES, key=self.key)
        tables, notes = self._tables(tree)
        if not any(len(table) for table in tables.values()):
            problem = f"there are no images in {tree.root}, neither in class folders nor named by a metadata file"
            problem = " ".join([problem, *(f"({note.removesuffix('.')})" for note in notes[:1])])
            layout = "CLASS/1.png, or train/CLASS/1.png and test/CLASS/1.png, or metadata.csv with file_name,label"
            raise DataError("data.empty_folder", self.key, self._path, problem, allowed=layout)
        return noted({split: _as_dataset(table) for split, table in tables.items()}, notes)

    def head(self) -> Head:
        """All rows, of which no pixel is read."""
        return Head(self.load(), whole=True)

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
            note = f"{len(lost):,} images that {table_name} does not name, or that lie outside of the splits,"
            notes.append(f"{note} were left out: {', '.join(lost[:3])}.")
        return tables, notes

    def _without_table(self, tree: Tree) -> tuple[dict[str, pa.Table], list[str]]:
        """As `_tables`, of folders of classes."""
        found = class_files(tree, class_folder=self._class_folder, key=self.key)
        tables = {split: _table_of(tree.root, files) for split, files in found.splits.items()}
        return tables, [*found.notes, *_note_on_tables(tree)]

    def _named_by(self, metadata: Path, root: Path, notes: list[str]) -> pa.Table:
        """The files that a table names, with its other columns, without the rows that name none."""
        read = read_table_file(metadata, self._format, key=self.key)
        if _FILE_NAME not in read.table.column_names:
            problem = f"{metadata} has no column {_FILE_NAME}"
            raise DataError("data.missing_column", _FILE_NAME, None, problem, allowed=read.table.column_names)
        is_named = [bool(name) for name in read.table[_FILE_NAME].to_pylist()]
        table, num_left = read.table.filter(pa.array(is_named)), is_named.count(False)
        notes += read.notes
        if num_left:
            notes.append(f"{num_left:,} rows of {metadata.name} without a {_FILE_NAME} were left out.")
        files = [_inside(root, metadata.parent, str(name), metadata) for name in table[_FILE_NAME].to_pylist()]
        others = {name: table[name] for name in table.column_names if name != _FILE_NAME}
        return _with_files(others, files, root)


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


def _note_on_tables(tree: Tree) -> list[str]:
    """Tells that a table beside the images may hold their classes."""
    names = [file.as_posix() for file in tree.others if table_suffix(file.name) in SUFFIXES]
    what = f"a table called metadata.csv, with columns {_FILE_NAME} (ending included) and label, gives the classes"
    return [f"{', '.join(names[:3])} beside the images was left out; {what}."] if names else []


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


def _table_of(root: Path, files: list[tuple[Path, str]]) -> pa.Table:
    """The files of class folders."""
    labels = pa.array([name for _, name in files], pa.string())
    return _with_files({"label": labels}, [root / file for file, _ in files], root)


def _with_files(columns: dict[str, Any], files: list[Path], root: Path) -> pa.Table:
    image = pa.array([str(file) for file in files], pa.string())
    names = pa.array([file.relative_to(root).as_posix() for file in files], pa.string())
    return pa.table({**columns, "image": image, EXAMPLE_COLUMN: names})


def _inside(root: Path, folder: Path, name: str, metadata: Path) -> Path:
    """The file that a table in ``folder`` names; outside of ``root`` nobody would notice that it changes."""
    path = Path(os.path.relpath(folder / name, root))
    if os.pardir in path.parts:
        problem = f"{metadata} names a file outside of {root}"
        next_step = "give paths relative to the table, below the folder; a link to a folder elsewhere will do"
        raise DataError("data.outside_folder", _FILE_NAME, name, problem, next_step=next_step)
    return root / path


def _as_dataset(table: pa.Table) -> Dataset:
    return Dataset(table).cast_column("image", Image())
