"""The embedded sample of plain text: the source of the running Python's standard library, or its docstrings.

About 11 MB of sources, or 1.6 MB of docstrings; other Pythons have other text, which is why the identity is a hash of
the content.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import platform
import sysconfig
import tokenize
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from datasets import Dataset, DatasetDict

from bakeoff.data.sources.source import Source
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.errors import ConfigError
from bakeoff.ranges import Count

_LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "lib2to3"}
_PARTS = ("sources", "docstrings")


class StandardLibrary(Source):
    """A document a module, without tests and installed packages.

    Args:
        part: ``sources``, or ``docstrings`` (all of a module, in their order).
        max_bytes: about so much text, whole modules drawn once and for all; null: all.

    Raises:
        ConfigError: an unknown part.
    """

    def __init__(self, *, part: Literal["sources", "docstrings"] = "sources", max_bytes: Count | None = None) -> None:
        if part not in _PARTS:
            raise ConfigError("config.unknown_choice", "data.part", part, "is not one of them", allowed=_PARTS)
        self._part = part
        self._max_bytes = max_bytes

    def identity(self) -> dict[str, Any]:
        """Python's version, and a hash of all files."""
        pinned = {"python": platform.python_version(), "content": _content()}
        return {"source": "stdlib", "part": self._part, "max_bytes": self._max_bytes, **pinned}

    def load(self) -> DatasetDict:
        """Columns ``text`` and the module's name, in one split."""
        modules = _modules()
        order = range(len(modules)) if self._max_bytes is None else np.random.default_rng(0).permutation(len(modules))
        documents: dict[str, str] = {}
        num_bytes = 0
        for name, file in (modules[index] for index in order):
            if self._max_bytes is not None and num_bytes >= self._max_bytes:
                break
            if (text := self._read(file)).strip():
                documents[name] = text
                num_bytes += len(text.encode())
        names = sorted(documents)
        columns = {"text": [documents[name] for name in names], EXAMPLE_COLUMN: names}
        return DatasetDict(train=Dataset.from_dict(columns))

    def _read(self, file: Path) -> str:
        try:
            with tokenize.open(file) as stream:  # in the encoding that the file declares
                text = stream.read()
        except (SyntaxError, UnicodeDecodeError):
            return ""
        return text if self._part == "sources" else _docstrings(text)


def _modules() -> list[tuple[str, Path]]:
    root = Path(sysconfig.get_paths()["stdlib"])
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in _LEFT_OUT]
        files = [Path(folder) / name for name in names if name.endswith(".py")]
        found += [(file.relative_to(root).as_posix(), file) for file in files]
    return sorted(found)


@functools.cache
def _content() -> str:
    """A hash of all files, some 30 MB; they are those of the Python that runs."""
    state = hashlib.blake2b(digest_size=16)
    for name, file in _modules():
        state.update(name.encode() + b"\0" + file.read_bytes())
    return state.hexdigest()


def _docstrings(text: str) -> str:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd escapes in old modules
            nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    except SyntaxError:
        return ""
    nodes.sort(key=lambda node: getattr(node, "lineno", 0))
    return "\n\n".join(found for node in nodes if (found := ast.get_docstring(node)))
