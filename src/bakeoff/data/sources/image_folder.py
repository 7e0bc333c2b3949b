"""A folder of images: a folder a class, or a metadata file that gives each file its label.

The files are listed here and handed to `datasets` as paths, rather than by its own ``imagefolder`` loader: that one
guesses splits from words in any path, so that a class called ``test_tube`` or a parent folder ``train_data`` becomes a
split.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from datasets import Dataset, DatasetDict, Image

from bakeoff.data.sources.class_folders import ClassFolder, class_files, split_folders
from bakeoff.data.sources.folders import FileKind, Tree, read_tree, visible_files
from bakeoff.data.sources.source import Loaded, Source, existing_folder, file_states
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

_METADATA = ("metadata.csv", "metadata.jsonl")
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
    """

    def __init__(self, *, path: str, class_folder: ClassFolder = "first") -> None:
        self._path = path
        self._class_folder = class_folder

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder."""
        folder = existing_folder(self._path, "images")
        states = file_states(visible_files(folder), relative_to=folder)
        return {"source": "image_folder", "path": str(folder), "class_folder": self._class_folder, "files": states}

    def load(self) -> DatasetDict:
        """A row a file, in the order of their names; paths are kept, pixels are not read yet."""
        tree = read_tree(existing_folder(self._path, "images"), IMAGES, key="data.path")
        tables, notes = self._tables(tree)
        if not any(len(table) for table in tables.values()):
            problem = f"there are no images in {tree.root}, neither in class folders nor named by a metadata file"
            problem = " ".join([problem, *(f"({note.removesuffix('.')})" for note in notes[:1])])
            layout = "CLASS/1.png, or train/CLASS/1.png and test/CLASS/1.png, or metadata.csv with file_name,label"
            raise DataError("data.empty_folder", "data.path", self._path, problem, allowed=layout)
        return Loaded({split: _as_dataset(table) for split, table in tables.items()}, notes)

    def _tables(self, tree: Tree) -> tuple[dict[str, pd.DataFrame], list[str]]:
        """The rows of each split, and sentences on what is left out."""
        whole = _metadata(tree.root)
        tops = split_folders(tree, key="data.path", with_classes=False)
        listed = {split: file for split, top in tops.items() if (file := _metadata(tree.root / top))}
        if whole is None and not listed:
            found = class_files(tree, class_folder=self._class_folder, key="data.path")
            return {split: _table_of(tree.root, files) for split, files in found.splits.items()}, list(found.notes)
        if whole is not None:
            tables = _by_top_folder(_named_by(whole, tree.root), tops)
        else:
            _require_all(tops, listed, tree.root)
            tables = {split: _named_by(file, tree.root) for split, file in listed.items()}
        named = {name for table in tables.values() for name in table[EXAMPLE_COLUMN]}
        lost = [file.as_posix() for file in tree.files if file.as_posix() not in named]
        table_name = " and ".join(sorted({file.name for file in [whole, *listed.values()] if file}))
        note = f"{len(lost):,} images that {table_name} does not name, or that lie outside of the splits, were left out"
        return tables, [f"{note}: {', '.join(lost[:3])}."] if lost else []


def read_metadata(file: Path) -> pd.DataFrame:
    """A CSV or JSON-lines table, strings kept as they are.

    Raises:
        DataError: wrong encoding, or a row with too many fields (with its line number).
    """
    try:
        return pd.read_json(file, lines=True) if file.suffix == ".jsonl" else pd.read_csv(file, keep_default_na=False)
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte {error.start})"
        raise DataError("data.encoding", "data.path", file, problem, next_step="save it as UTF-8") from error
    except ValueError as error:
        problem = f"cannot be read as a table ({error})"
        raise DataError("data.bad_table", "data.path", file, problem, next_step="repair that line") from error


def _metadata(folder: Path) -> Path | None:
    """The table in a folder.

    Raises:
        DataError: there are two.
    """
    found = [folder / name for name in _METADATA if (folder / name).exists()]
    if len(found) > 1:
        problem = f"{folder} holds two tables, {' and '.join(_METADATA)}"
        raise DataError("data.doubled_table", "data.path", folder, problem, next_step="keep one of them")
    return found[0] if found else None


def _require_all(tops: dict[str, str], listed: dict[str, Path], root: Path) -> None:
    lacking = [top for split, top in tops.items() if split not in listed]
    if lacking:
        given = next(iter(listed.values())).relative_to(root)
        problem = f"there is {given}, and no such table in {', '.join(lacking)}"
        raise DataError("data.missing_table", "data.path", root, problem, next_step="give each split's folder a table")


def _by_top_folder(table: pd.DataFrame, tops: dict[str, str]) -> dict[str, pd.DataFrame]:
    if not tops:
        return {"train": table}
    top_folder = table[EXAMPLE_COLUMN].str.split("/").str[0]
    return {split: table[top_folder == top] for split, top in tops.items()}


def _table_of(root: Path, files: list[tuple[Path, str]]) -> pd.DataFrame:
    """The files of class folders."""
    table = pd.DataFrame({"label": [name for _, name in files]}, dtype=object)
    return _with_files(table, [root / file for file, _ in files], root)


def _named_by(metadata: Path, root: Path) -> pd.DataFrame:
    """The files that a table names, with its other columns."""
    table = read_metadata(metadata)
    if "file_name" not in table:
        problem = f"{metadata} has no column file_name"
        raise DataError("data.missing_column", "file_name", None, problem, allowed=map(str, table.columns))
    files = [_inside(root, metadata.parent, str(name), metadata) for name in table.pop("file_name")]
    return _with_files(table, files, root)


def _with_files(table: pd.DataFrame, files: list[Path], root: Path) -> pd.DataFrame:
    table["image"] = [str(file) for file in files]
    table[EXAMPLE_COLUMN] = [file.relative_to(root).as_posix() for file in files]
    return table


def _inside(root: Path, folder: Path, name: str, metadata: Path) -> Path:
    """The file that a table in ``folder`` names; outside of ``root`` nobody would notice that it changes."""
    path = Path(os.path.relpath(folder / name, root))
    if os.pardir in path.parts:
        problem = f"{metadata} names a file outside of {root}"
        next_step = "give paths relative to the table, below the folder; a link to a folder elsewhere will do"
        raise DataError("data.outside_folder", "file_name", name, problem, next_step=next_step)
    return root / path


def _as_dataset(table: pd.DataFrame) -> Dataset:
    return Dataset.from_pandas(table, preserve_index=False).cast_column("image", Image())
