"""What a source of data is: something with an identity that loads as a Hugging Face ``DatasetDict``."""

from __future__ import annotations

import abc
import dataclasses
import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from datasets import Dataset, DatasetDict

from bakeoff.errors import DataError, nearest

_TABLES = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx", ".xls", ".ods", ".arrow", ".feather")
_DOCUMENTS = (".txt", ".text", ".md", ".html", ".pdf", ".docx")
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar"})
ENDINGS = frozenset({*_TABLES, *_DOCUMENTS, *_PICTURES, *ARCHIVES})
"""Endings by which a name is known for that of a file."""
_SEPARATOR = re.compile(r"[/\\]")
_ENDING = re.compile(r"\.\w{2,8}$", re.ASCII)
_NEAR = 0.75  # of difflib: ".cvs" and ".tx" are near
_LONGEST_NAME = 255  # bytes, of the usual file systems


def noted(splits: Mapping[str, Dataset], notes: Iterable[str] = ()) -> DatasetDict:
    """Splits that know what was left out, or decided where the settings leave it open: ``notes`` for the report."""
    loaded = DatasetDict(splits)
    loaded.notes = tuple(notes)
    return loaded


@dataclasses.dataclass(frozen=True)
class Head:
    """The first rows of each split, with all of their columns.

    Args:
        splits: as `Source.load` has them.
        whole: whether these are all rows.
    """

    splits: DatasetDict
    whole: bool


class Source(abc.ABC):
    """Examples in a ``DatasetDict``: with given splits (train, val, test), or one split to make them from."""

    is_certain: ClassVar[bool] = False
    """Whether what `argument_for` finds is meant for this source, though others could read it in their own way."""

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """Which argument of the constructor takes this file or folder; None where the source reads no such thing."""
        return None

    @abc.abstractmethod
    def identity(self) -> dict[str, Any]:
        """What tells this data from other data, in plain JSON types, without reading it.

        Raises:
            DataError: it names something that does not exist.
        """

    @abc.abstractmethod
    def load(self) -> DatasetDict:
        """Read the data; `noted` where something was left out.

        Raises:
            DataError: it cannot be read as what it should be.
            EnvironmentFault: it is on a hub that cannot be reached.
        """

    def head(self) -> Head | None:
        """The first rows, read in a moment; None where that takes all of the data.

        Raises:
            DataError: it names something that does not exist, or begins as something else than it should be.
        """
        self.identity()
        return None


def looks_like_path(text: str) -> bool:
    """Whether it may be meant as a path: it has a separator, or the ending of a file, or nearly one.

    What no file system takes as a name, such as several lines or 256 bytes without a separator, is none.
    """
    parts = _SEPARATOR.split(text)
    if "\n" in text or "\0" in text or any(len(part.encode()) > _LONGEST_NAME for part in parts):
        return False
    return len(parts) > 1 or text.startswith("~") or ends_like_file(text)


def ends_like_file(name: str) -> bool:
    """Whether it has the ending of a file, or nearly one."""
    ending = _ENDING.search(name.lower())
    return ending is not None and bool(difflib.get_close_matches(ending.group(), ENDINGS, n=1, cutoff=_NEAR))


def existing_path(path: str, *, key: str = "data.path", instead: str = "") -> Path:
    """The absolute path of a file or folder.

    Args:
        path: as it was given.
        key: the setting to blame.
        instead: what else to do where it does not exist.

    Raises:
        DataError: it does not exist; names what stands nearest to it.
    """
    absolute = Path(path).expanduser().absolute()
    return absolute if absolute.exists() else refuse_missing_path(path, absolute, key=key, instead=instead)


def existing_folder(path: str, noun: str, *, key: str = "data.path") -> Path:
    """The absolute path of a folder that a setting names.

    Raises:
        DataError: it does not exist, or is a file.
    """
    folder = existing_path(path, key=key)
    if not folder.is_dir():
        packed = folder.suffix.lower() in ARCHIVES
        next_step = "unpack it, and give the folder" if packed else f"give a folder of {noun}, or data=hf for Parquet"
        raise DataError("data.not_a_folder", key, path, f"{folder} is a file", next_step=next_step)
    return folder


def refuse_missing_path(given: str, absolute: Path, *, key: str = "data.path", instead: str = "") -> NoReturn:
    """Say which path was tried, and which names are near it where it ends to exist."""
    parent = next(folder for folder in absolute.parents if folder.is_dir())
    missing = absolute.relative_to(parent).parts[0]
    near = nearest(missing, sorted(entry.name for entry in parent.iterdir() if not entry.name.startswith(".")))
    problem = f"there is no file or folder {absolute}"
    next_step = f"nearest in {parent}: {', '.join(near)}" if near else f"{parent} shows no files: check the path"
    next_step = "; ".join(filter(None, (next_step, instead)))
    raise DataError("data.not_found", key, given, problem, next_step=next_step)


def file_states(files: Iterable[Path], *, relative_to: Path) -> list[list[Any]]:
    """Name, size and time of change of each file, sorted: changes when the files may have."""
    states: list[list[Any]] = []
    for file in sorted(files):
        name = file.relative_to(relative_to).as_posix()
        try:
            stat = file.stat()
        except FileNotFoundError:  # a link to nothing; whoever reads it says so
            states.append([name, None, None])
        else:
            states.append([name, stat.st_size, stat.st_mtime_ns])
    return states
