"""Which module of bakeoff imports which, read from the source: at the top, in functions, and by names in strings."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import bakeoff

ROOT = Path(bakeoff.__file__).parent

DOTTED = re.compile(r"bakeoff(\.\w+)+(:\w+)?")
"""A string that reads like a module, or like something in one."""


def module_name(path: Path) -> str:
    """``bakeoff.a.b`` for ``a/b.py`` and for ``a/b/__init__.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("bakeoff", *(part for part in parts if part != "__init__")))


MODULES: Mapping[str, Path] = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def parsed(module: str) -> ast.Module:
    """The source of a module."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and all below it but what only a type checker reads."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield from run_nodes(other)
        else:
            yield from run_nodes(child)


def imports(tree: ast.AST) -> set[str]:
    """The modules of bakeoff whose names or selves are taken; a package counts where its own names are."""
    found = set()
    for node in run_nodes(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & set(MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, "a relative import"
            inner = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {path if path in MODULES else node.module for path in inner.values()} & set(MODULES)
    return found


def dotted_strings(tree: ast.AST) -> set[str]:
    """The strings that read like something in bakeoff; of an f-string, the package that its beginning names."""
    found = set()
    for node in run_nodes(tree):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            found.add(str(node.values[0].value).rpartition(".")[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return {text for text in found if DOTTED.fullmatch(text)}


def named_module(text: str) -> str | None:
    """The module that a dotted string leads to, itself or by something that it holds; None where nothing is there."""
    path, _, function = text.partition(":")
    if path in MODULES and not function:
        return path
    parent, _, name = (path, "", function) if function else path.rpartition(".")
    if parent not in MODULES or not hasattr(importlib.import_module(parent), name):
        return None
    return parent


def import_graph(*, without_strings_of: frozenset[str] | set[str] = frozenset()) -> dict[str, set[str]]:
    """What each module imports, by statements and by strings.

    Args:
        without_strings_of: modules whose strings do not count.
    """
    graph = {}
    for module in MODULES:
        tree = parsed(module)
        strings = set() if module in without_strings_of else dotted_strings(tree)
        graph[module] = (imports(tree) | {named for text in strings if (named := named_module(text))}) - {module}
    return graph
