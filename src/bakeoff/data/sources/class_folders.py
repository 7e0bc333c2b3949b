"""Splits and classes by the names of folders; what is left out is counted in a note, what may be meant is refused."""

from __future__ import annotations

import collections
import dataclasses
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from bakeoff.data.sources.folders import Tree
from bakeoff.data.splits.names import PARTS, SPLIT_NAMES, canonical_split
from bakeoff.errors import ConfigError, DataError

ClassFolder: TypeAlias = Literal["first", "last", "path"]
"""Which folder names the class of a file in several: the outermost, the innermost, or all of them."""

_MOST_NAMED = 3
_NEAR = 0.8  # of difflib: "trian" and "tests" are near, "text" is not


@dataclasses.dataclass(frozen=True)
class ClassFiles:
    """Each split's files, relative to the folder, with the class of each, and a sentence on each thing left out."""

    splits: dict[str, list[tuple[Path, str]]]
    notes: tuple[str, ...]


def class_files(tree: Tree, *, class_folder: ClassFolder, key: str) -> ClassFiles:
    """The files in folders of classes, with or without folders of splits above them.

    Args:
        tree: the folder.
        class_folder: which folder names the class.
        key: the setting to blame.

    Raises:
        ConfigError: there is no such way to name classes.
        DataError: as `split_folders`, or all files lie in one class folder that holds folders itself.
    """
    if class_folder not in get_args(ClassFolder):
        allowed = get_args(ClassFolder)
        raise ConfigError("config.unknown_choice", "data.class_folder", class_folder, "is not one", allowed=allowed)
    tops = split_folders(tree, key=key)
    splits, notes = {}, [*notes_on_splits(tree, tops)]
    for split, top in (tops or {"train": ""}).items():
        inside = [(file, file.relative_to(top)) for file in _below(tree.files, top)]
        splits[split] = [(file, _class(inner, class_folder)) for file, inner in inside if len(inner.parts) > 1]
        notes += _notes_on_classes(tree, Path(top), inside, class_folder)
    _refuse_one_folder(tree, splits, class_folder, key)
    return ClassFiles(splits, tuple(notes))


def split_folders(tree: Tree, *, key: str, with_classes: bool = True) -> dict[str, str]:
    """The top folders that are splits, by the split; empty where there are none, and folders are classes.

    A class may be called ``test`` or ``train``: a split of files with classes holds folders, and has another beside it.

    Raises:
        DataError: two folders for one split, no folder to train on, or one with nearly the name of a split.
    """
    filled = collections.Counter(file.parts[0] for file in tree.files if len(file.parts) > 1)
    flat = {file.parts[0] for file in tree.files if len(file.parts) == 2}
    tops: dict[str, list[str]] = {}
    for top in filled:
        if split := canonical_split(top):
            tops.setdefault(split, []).append(top)
    if "train" not in tops:
        nested = {top for names in tops.values() for top in names if top not in flat}
        if nested and with_classes:
            problem = f"there is no folder train beside {_few(sorted(nested))}, which hold folders as splits do"
            raise DataError(
                "data.no_train_split", key, tree.root, problem, next_step="name the folder to learn from train"
            )
        return {}
    if len(tops) == 1 and (flat & set(tops["train"]) if with_classes else len(filled) > 1):
        return {}
    for split, names in tops.items():
        if len(names) > 1:
            problem = f"two folders are the {split} split: {_few(sorted(names))}"
            raise DataError(
                "data.doubled_split", key, tree.root, problem, next_step="merge them, or move one elsewhere"
            )
    chosen = {split: tops[split][0] for split in PARTS if split in tops}
    for top in sorted(filled.keys() - set(chosen.values())):
        if near := difflib.get_close_matches(top.lower(), SPLIT_NAMES, n=1, cutoff=_NEAR):
            problem = f"the folder {top} with {filled[top]:,} {tree.noun}s is no split, but is nearly called {near[0]}"
            raise DataError("data.unknown_split", key, tree.root, problem, next_step="rename it, or move it elsewhere")
    return chosen


def notes_on_splits(tree: Tree, tops: dict[str, str]) -> list[str]:
    """How many files lie beside the folders of splits."""
    lost = [file for file in tree.files if tops and (len(file.parts) == 1 or file.parts[0] not in tops.values())]
    if not lost:
        return []
    where = sorted({f"{file.parts[0]}/" if len(file.parts) > 1 else file.name for file in lost})
    splits = ", ".join(tops.values())
    return [f"{_count(lost, tree.noun)} beside the splits ({splits}) {_were(lost)} left out: {_few(where)}."]


def note_on_others(others: Sequence[Path]) -> list[str]:
    """How many files are of another kind, and of which endings."""
    if not others:
        return []
    endings = collections.Counter(file.suffix.lower() or "none" for file in others).most_common()
    shown = ", ".join(f"{ending}: {count:,}" for ending, count in endings[:_MOST_NAMED])
    return [f"{_count(others, 'file')} of other kinds {_were(others)} left out (endings {shown})."]


def _notes_on_classes(
    tree: Tree, top: Path, inside: Sequence[tuple[Path, Path]], class_folder: ClassFolder
) -> list[str]:
    """What is not as it should be in the folder of one split, or in the whole where there are none."""
    noun, notes = tree.noun, []
    beside = [file for file, inner in inside if len(inner.parts) == 1]
    if beside:
        notes.append(f"{_count(beside, noun)} in no class folder {_were(beside)} left out: {_few(beside)}.")
    filled = {inner.parts[0] for _, inner in inside if len(inner.parts) > 1}
    empty = [
        folder
        for folder in _below(tree.folders, top)
        if len(folder.parts) == len(top.parts) + 1 and folder.name not in filled
    ]
    if empty and filled:
        what = "class folder holds" if len(empty) == 1 else "class folders hold"
        notes.append(f"{len(empty):,} {what} no {noun}: {_few(empty)}.")
    deeper = sorted({inner.parent for _, inner in inside if len(inner.parts) > 2})
    if deeper and class_folder == "first":
        notes.append(
            f"{noun.capitalize()}s in folders within a class folder ({_few(deeper)}) are of the outer one's class; "
            "data.class_folder=last takes the inner one's."
        )
    others = [file for file in _below(tree.others, top) if len(file.parts) > len(top.parts) + 1]
    return notes + note_on_others(others)


def _class(inner: Path, class_folder: ClassFolder) -> str:
    names = inner.parts[:-1]
    return {"first": names[0], "last": names[-1], "path": "/".join(names)}[class_folder]


def _refuse_one_folder(
    tree: Tree, splits: dict[str, list[tuple[Path, str]]], class_folder: ClassFolder, key: str
) -> None:
    """An unpacked archive often holds one folder that holds the classes.

    Raises:
        DataError: so it is here.
    """
    files = [file for files in splits.values() for file, _ in files]
    tops = {file.parts[0] for file in files}
    if len(splits) > 1 or len(tops) != 1 or class_folder != "first" or all(len(file.parts) < 3 for file in files):
        return
    inner = tree.root / tops.pop()
    problem = f"all {len(files):,} {tree.noun}s are in one folder, {inner.name}, which holds folders itself"
    raise DataError("data.one_class", key, tree.root, problem, next_step=f"{key}={inner}")


def _below(paths: Iterable[Path], top: Path | str) -> list[Path]:
    depth = len(Path(top).parts)
    return [path for path in paths if path.parts[:depth] == Path(top).parts and len(path.parts) > depth]


def _count(files: Sequence[Path], noun: str) -> str:
    return f"{len(files):,} {noun}{'' if len(files) == 1 else 's'}"


def _were(files: Sequence[Path]) -> str:
    return "was" if len(files) == 1 else "were"


def _few(names: Sequence[object]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(str, names[:_MOST_NAMED])) + more
