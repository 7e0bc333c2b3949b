"""Finds and parses the source file of a module without importing it, which for torch would cost seconds."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign


class Module:
    """A module's top level, as far as its source tells.

    Args:
        name: the dotted name.
        path: its source file.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.is_package = path.name == "__init__.py"
        self.definitions: dict[str, Definition] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.star_imports: list[str] = []
        self.docs: dict[str, str] = {}
        for statement in _top_level(ast.parse(path.read_text(encoding="utf-8")).body):
            self._read(statement)

    def _read(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            self.definitions[statement.name] = statement
        elif isinstance(statement, ast.ImportFrom):
            source = self._absolute(statement)
            for alias in statement.names:
                if alias.name == "*":
                    self.star_imports.append(source)
                else:
                    self.imports[alias.asname or alias.name] = (source, alias.name)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            self.definitions[statement.target.id] = statement
        elif isinstance(statement, ast.Assign):
            self._read_assignment(statement)

    def _read_assignment(self, statement: ast.Assign) -> None:
        for target in statement.targets:
            if isinstance(target, ast.Name):
                self.definitions[target.id] = statement
            elif isinstance(target, ast.Attribute) and target.attr == "__doc__" and isinstance(target.value, ast.Name):
                strings = [node for node in ast.walk(statement.value) if isinstance(node, ast.Constant)]
                strings.sort(key=lambda node: (node.lineno, node.col_offset))
                self.docs[target.value.id] = "".join(node.value for node in strings if isinstance(node.value, str))

    def _absolute(self, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        parts = self.name.split(".")
        parts = parts[: len(parts) - statement.level + self.is_package]
        return ".".join([*parts, *([statement.module] if statement.module else [])])


def _top_level(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        if isinstance(statement, ast.If):
            yield from _top_level(statement.body + statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from _top_level(statement.body + [inner for handler in statement.handlers for inner in handler.body])


@cache
def find_source(name: str) -> Path | None:
    """The source file of the module ``name``, or None when there is none to read."""
    root, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    for folder in spec.submodule_search_locations or ():
        stem = Path(folder, *rest)
        for path in (stem / "__init__.py", stem.with_name(stem.name + ".py")):
            if path.is_file():
                return path
    return None


@cache
def read_module(name: str) -> Module | None:
    """The module's top level, or None when its source can't be read."""
    path = find_source(name)
    if path is None:
        return None
    try:
        return Module(name, path)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None


def find_definition(module_name: str, name: str, *, depth: int = 8) -> tuple[Module, Definition] | None:
    """Where ``name`` is really defined, following ``from .x import Name`` and ``from .x import *``."""
    module = read_module(module_name) if depth else None
    if module is None:
        return None
    if name in module.definitions:
        return module, module.definitions[name]
    if name in module.imports:
        source, original = module.imports[name]
        return find_definition(source, original, depth=depth - 1)
    for source in module.star_imports:
        found = find_definition(source, name, depth=depth - 1)
        if found:
            return found
    return None
