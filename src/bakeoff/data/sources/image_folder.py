"""A folder of images: a folder a class, or a metadata file that gives each file its label.

The files are listed here and handed to `datasets` as paths, rather than by its own ``imagefolder`` loader: that one
guesses splits from words in any path, so that a class called ``test_tube`` or a parent folder ``train_data`` becomes a
split.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from datasets import Dataset, DatasetDict, Image

from bakeoff.data.sources.source import Source, existing_path, file_states
from bakeoff.data.splits.names import canonical_split
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import DataError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
_METADATA = ("metadata.csv", "metadata.jsonl")


class ImageFolder(Source):
    """Images in folders, laid out in one of these ways (``train`` and so on may be missing)::

        flowers/rose/1.png                         a folder a class
        flowers/train/rose/1.png                   train, val (or validation) and test, then a folder a class
        flowers/metadata.csv  flowers/1.png        a table with a column file_name, one of labels, any others
        flowers/train/metadata.csv                 such a table in each split's folder

    Folders may be links to folders elsewhere; hidden files and folders are left out.

    Args:
        path: the folder.
    """

    def __init__(self, *, path: str) -> None:
        self._path = path

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every image and table in the folder."""
        folder = self._folder()
        files = [file for file in _visible_files(folder) if _is_image(file) or file.name in _METADATA]
        return {"source": "image_folder", "path": str(folder), "files": file_states(files, relative_to=folder)}

    def load(self) -> DatasetDict:
        """A row a file, in the order of their names; paths are kept, pixels are not read yet."""
        folder = self._folder()
        tables = _read_tables(folder)
        if not any(len(table) for table in tables.values()):
            problem = f"there are no images in {folder}, neither in class folders nor named by a metadata file"
            layout = "CLASS/1.png, or train/CLASS/1.png and test/CLASS/1.png, or metadata.csv with file_name,label"
            raise DataError("data.empty_folder", "data.path", self._path, problem, allowed=layout)
        return DatasetDict({split: _as_dataset(table) for split, table in tables.items()})

    def _folder(self) -> Path:
        folder = existing_path(self._path)
        if not folder.is_dir():
            problem = f"{folder} is a file"
            next_step = "give a folder of images, or data=hf for a Parquet file"
            raise DataError("data.not_a_folder", "data.path", self._path, problem, next_step=next_step)
        return folder


def list_images(folder: Path) -> list[Path]:
    """Every image file under the folder, sorted by path.

    Raises:
        DataError: a name that is no text, as files from an older machine may have; tables can't hold it.
    """
    files = sorted(file for file in _visible_files(folder) if _is_image(file))
    for file in files:
        try:
            str(file).encode()
        except UnicodeEncodeError:
            shown = str(file).encode("ascii", "backslashreplace").decode()
            problem = "the name of this file is not UTF-8"
            raise DataError("data.encoding", "data.path", shown, problem, next_step="rename it") from None
    return files


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


def _visible_files(folder: Path) -> Iterator[Path]:
    """Files at and below a folder, through links to folders, but for those that lead back to where they lie."""
    for name, inner, names in os.walk(folder, followlinks=True):
        place = Path(name)
        inner[:] = [part for part in inner if not (part.startswith(".") or _leads_back(place / part))]
        yield from (place / file for file in names if not file.startswith("."))


def _leads_back(path: Path) -> bool:
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES


def _read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Split by split if there is a train folder, else all in one; a class may thus be called ``test``."""
    named = {canonical_split(part.name): part for part in sorted(folder.iterdir()) if part.is_dir()}
    splits = {split: part for split, part in named.items() if split}
    if "train" not in splits:
        return {"train": _read_folder(folder, root=folder)}
    if not any((folder / name).exists() for name in _METADATA):
        return {split: _read_folder(part, root=folder) for split, part in splits.items()}
    table = _read_folder(folder, root=folder)
    top_folder = table[EXAMPLE_COLUMN].str.split("/").str[0]
    return {split: table[top_folder == part.name] for split, part in splits.items()}


def _read_folder(folder: Path, *, root: Path) -> pd.DataFrame:
    metadata = next((folder / name for name in _METADATA if (folder / name).exists()), None)
    if metadata is None:
        files = [file for file in list_images(folder) if file.parent != folder]
        labels = [file.relative_to(folder).parts[0] for file in files]
        table = pd.DataFrame({"label": labels}, dtype=object)
    else:
        table = read_metadata(metadata)
        if "file_name" not in table:
            problem = f"{metadata} has no column file_name"
            raise DataError("data.missing_column", "file_name", None, problem, allowed=map(str, table.columns))
        files = [_inside(root, folder, str(name), metadata) for name in table.pop("file_name")]
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
