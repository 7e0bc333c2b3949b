"""The codes of all errors that a user can meet, read from where the source raises them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bakeoff import errors
from docsite.links import ROOT
from docsite.tables import table

CLASSES = {
    name: kind.exit_code
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.BakeoffError) and kind.exit_code > 1
}
MEANINGS = {2: "Configuration", 3: "Data", 4: "Environment", 5: "Checkpoint", 6: "Trials", 7: "Tracking"}
_MOST = 3


@dataclass(frozen=True)
class Raised:
    """A place that raises an error: its code, the exit code, and what it says is wrong (empty: made elsewhere)."""

    code: str
    exit_code: int
    problem: str


def codes() -> str:
    """A table of codes an exit code, each with what is said of it."""
    said: dict[tuple[int, str], dict[str, None]] = defaultdict(dict)
    for raised in all_raised():
        said[raised.exit_code, raised.code] |= {raised.problem: None} if raised.problem else {}
    parts = []
    for exit_code, meaning in MEANINGS.items():
        rows = [
            [f"`{code}`", "; or: ".join([*found][:_MOST])]
            for (of, code), found in sorted(said.items())
            if of == exit_code
        ]
        if rows:
            parts.append(f"## {meaning}: exit code {exit_code}\n\n{table(['code', 'what is wrong'], rows)}")
    return "\n\n".join(parts)


def all_raised() -> Iterator[Raised]:
    """Each place of the source that makes an error with a code."""
    for path in sorted((ROOT / "src" / "bakeoff").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES and node.args:
                code = _words(node.args[0])
                if "." in code:
                    problem = node.args[3] if len(node.args) > 3 else None
                    yield Raised(code, CLASSES[node.func.id], _words(problem))


def _words(node: ast.expr | None) -> str:
    """A text that stands in the source, with dots for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""
