"""What is at and below a folder: the files of a kind, whatever their endings, and those of other kinds."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bakeoff.errors import DataError

_OF_SYSTEMS = frozenset({"__macosx", "@eadir", "thumbs.db", "desktop.ini", "$recycle.bin", "lost+found"})
"""What operating systems and file servers leave in folders, in lower case; names that begin with a dot aside."""
_NUM_FIRST_BYTES = 512


@dataclasses.dataclass(frozen=True)
class FileKind:
    """What is looked for.

    Args:
        noun: what one is called.
        suffixes: the usual endings, in lower case.
        begins: whether a file of another ending, or of none, is one of them, by its first bytes.
    """

    noun: str
    suffixes: frozenset[str]
    begins: Callable[[Path, bytes], bool]

    def holds(self, file: Path) -> bool:
        """Whether a file is of this kind; one with a usual ending is, so that a broken one is told."""
        return file.suffix.lower() in self.suffixes or self.begins(file, _first_bytes(file))


@dataclasses.dataclass(frozen=True)
class Tree:
    """The visible part of a folder; all paths are relative to it, in their order.

    Args:
        root: the folder.
        files: those of the kind, at any depth.
        others: those of other kinds.
        folders: all folders below it.
        noun: what a file of the kind is called.
    """

    root: Path
    files: tuple[Path, ...]
    others: tuple[Path, ...]
    folders: tuple[Path, ...]
    noun: str


def read_tree(root: Path, kind: FileKind, *, key: str) -> Tree:
    """All that can be seen in a folder; ``key`` is the setting to blame.

    Raises:
        DataError: a name that is no text, as files from an older machine may have; tables can't hold it.
    """
    places = list(_visible_places(root))
    visible = sorted(_files_in(places))
    files = [file for file in visible if kind.holds(file)]
    for file in files:
        _require_text(file, key)
    others = sorted(set(visible).difference(files))
    folders = sorted(Path(place) for place, _ in places if Path(place) != root)
    relative = [tuple(path.relative_to(root) for path in paths) for paths in (files, others, folders)]
    return Tree(root, relative[0], relative[1], relative[2], kind.noun)


def visible_files(folder: Path) -> Iterator[Path]:
    """Files at and below a folder, through links to folders, but for those that lead back to where they lie."""
    return _files_in(_visible_places(folder))


def _files_in(places: Iterable[tuple[str, list[str]]]) -> Iterator[Path]:
    for place, names in places:
        yield from (Path(place, name) for name in names if not _is_hidden(name))


def _visible_places(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for place, inner, names in os.walk(folder, followlinks=True):
        inner[:] = [part for part in inner if not (_is_hidden(part) or _leads_back(Path(place, part)))]
        yield place, names


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def _leads_back(path: Path) -> bool:
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())


def _first_bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_NUM_FIRST_BYTES)
    except OSError:  # a link to nothing, or no right to read it: then its ending alone says what it is
        return b""


def _require_text(file: Path, key: str) -> None:
    try:
        str(file).encode()
    except UnicodeEncodeError:
        shown = str(file).encode("ascii", "backslashreplace").decode()
        problem = "the name of this file is not UTF-8"
        raise DataError("data.encoding", key, shown, problem, next_step="rename it") from None
