"""What there is to choose from: the groups of ``conf/``, their files, and what the comments in them say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bakeoff.config.locate import conf_dir

_COMMENT = re.compile(r"(?:^|\s)#\s?(.*)$")
_RUN_COMMAND = re.compile(r"^(python pipelines/|bakeoff |torchrun |mlflow |make |@package)")
_FIRST_SENTENCE = re.compile(r"^.*?(?<!et al)[.;](?=\s+\S|$)")


@dataclass(frozen=True)
class Note:
    """Where a key stands in a YAML file (first line is 1) and the comment beside or above it."""

    line: int
    comment: str


class Catalog:
    """The configuration files of one or more trees; where two have the same name, the first tree wins, as in Hydra.

    Args:
        folders: the trees; None is bakeoff's own.
    """

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self.folders = tuple(folders or (conf_dir(),))

    def groups(self) -> list[str]:
        """The names of all groups, such as ``model``; Hydra's own are not among them."""
        found = {folder.name for root in self.folders for folder in root.iterdir() if any(folder.glob("*.yaml"))}
        return sorted(found - {"hydra"})

    def options(self, group: str) -> list[str]:
        """The names to choose from in a group; files that begin with an underscore are only to be inherited from."""
        names = {path.stem for root in self.folders for path in (root / group).glob("*.yaml")}
        return sorted(name for name in names if not name.startswith("_"))

    def path(self, group: str, name: str) -> Path | None:
        """The file of an option (``group`` empty for a primary configuration), or None."""
        paths = (root / group / f"{name}.yaml" for root in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def content(self, group: str, name: str) -> dict[str, Any]:
        """A file's own section, with what it inherits from files of its group; interpolations stay as they are."""
        path = self.path(group, name)
        raw = load_yaml(path) if path else {}
        merged: dict[str, Any] = {}
        for parent in _parents(raw, name):
            merged = _merge(merged, self.content(group, parent))
        own = {key: value for key, value in raw.items() if key != "defaults"}
        if path and "@package _global_" in _head(path):
            own = own.get(group, own)  # an experiment is of no section
        return _merge(merged, own)

    def comments(self, group: str, name: str) -> dict[str, str]:
        """What is said beside each key of a file, dotted, and of those that it inherits from; its own come first."""
        path = self.path(group, name)
        found = {key: note.comment for key, note in (notes(path) if path else {}).items()}
        for parent in _parents(load_yaml(path) if path else {}, name):
            inherited = self.comments(group, parent)
            found |= {key: text for key, text in inherited.items() if not found.get(key)}
        return found

    def summary(self, group: str, name: str) -> str:
        """The first sentence of a file's opening comment behind its run commands; empty where there is none."""
        path = self.path(group, name)
        told: list[str] = []
        in_command = False
        for line in _head(path).splitlines() if path else []:
            text = line.removeprefix("#").removeprefix(" ")
            in_command = bool(_RUN_COMMAND.match(text)) or (in_command and text.startswith(" "))
            if not in_command:
                told.append(text.strip())
        sentence = " ".join(filter(None, told))
        first = _FIRST_SENTENCE.match(sentence)
        return first[0].replace(";", ".") if first else sentence


@cache
def load_yaml(path: Path) -> dict[str, Any]:
    """A YAML file as a plain dict; empty when it can't be read as a mapping (composing it says why)."""
    try:
        content = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    except (yaml.YAMLError, OmegaConfBaseException, OSError):
        return {}
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


@cache
def notes(path: Path) -> dict[str, Note]:
    """Every key of a YAML file, dotted, with its line and its comment."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found: dict[str, Note] = {}

    def walk(node: yaml.Node, prefix: str) -> None:
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            name = f"{prefix}{key.value}"
            end = value.end_mark if isinstance(value, yaml.ScalarNode) else key.end_mark
            number, column = (end.line, end.column) if end.line == key.start_mark.line else (key.start_mark.line, 0)
            found[name] = Note(key.start_mark.line + 1, _comment(lines, number, column))
            walk(value, f"{name}.")

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is not None:
        walk(root, "")
    return found


def _parents(raw: Mapping[str, Any], name: str) -> list[str]:
    """The files of its own group that one inherits from."""
    named = [item for item in raw.get("defaults", ()) if isinstance(item, str)]
    return [item for item in named if item not in ("_self_", name) and not item.startswith("/")]


def _comment(lines: list[str], number: int, column: int) -> str:
    match = _COMMENT.search(lines[number], column)
    if match:
        return match[1].strip()
    above: list[str] = []
    while number > 0 and lines[number - 1].strip().startswith("#"):
        number -= 1
        above.insert(0, lines[number].strip().lstrip("# "))
    return "" if number == 0 else " ".join(above)


def _head(path: Path) -> str:
    """The comment lines that a file opens with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    length = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(lines[:length])


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
