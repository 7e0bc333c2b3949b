"""The package has no import circle, neither at the top of modules nor inside functions."""

import ast
from pathlib import Path

import bakeoff.statistics

PACKAGE = Path(bakeoff.statistics.__file__).parent


def imported(path):
    """Modules of the package that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bakeoff.statistics"):
            rest = node.module.removeprefix("bakeoff.statistics").lstrip(".")
            found |= {rest} if rest else {alias.name for alias in node.names}
    return found


def test_no_module_imports_itself_by_way_of_others():
    graph = {path.stem: imported(path) for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    assert sum(map(len, graph.values())) > 20
    done = set()
    while ready := {name for name in graph.keys() - done if graph[name] <= done}:
        done |= ready
    assert not graph.keys() - done, "these hang together in a circle, or behind one"
