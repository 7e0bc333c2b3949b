"""Imports point one way, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bakeoff import cli
from bakeoff.config import conf_dir
from tests.contracts.module_graph import MODULES, ROOT, dotted_strings, import_graph, imports, named_module, parsed

ORDER = [
    "postponed",
    "version",
    "errors",
    "files",
    "scratch",
    "ranges",
    "databases",
    "metrics",
    "tables",
    "statistics",
    "config",
    "record",
    "sweep",
    "data",
    "models",
    "tasks",
    "training",
    "tracking",
    "delivery",
    "insight",
    "comparison",
    "report",
    "commands",
    "api",
    "cli",
]
"""A module imports from its own package and from those before it."""

LEAVES = {
    "postponed": set(),
    "version": set(),
    "errors": set(),
    "files": {"errors"},
    "scratch": set(),
    "ranges": set(),
    "statistics": {"errors"},
}
"""What these may import of bakeoff."""

HEAVY = (
    "torch",
    "pytorch_lightning",
    "torchmetrics",
    "torchvision",
    "mlflow",
    "datasets",
    "sklearn",
    "pandas",
    "scipy",
    "optuna",
)

REGISTRIES = {
    "bakeoff.config.running": "imports a command only once its command line has been found sound",
    "bakeoff.config.allowlist": "says in which packages the classes lie that a configuration may name",
}
"""Modules that may name later ones by strings, and why."""

TAGS = {"bakeoff.key", "bakeoff.host", "bakeoff.owner"}
"""Strings that read like modules and are tags in MLflow."""


def package_of(module: str) -> str:
    return module.split(".")[1]


@pytest.fixture(scope="module")
def graph():
    return import_graph(without_strings_of=set(REGISTRIES))


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"bakeoff"}))
def test_imports_only_point_to_the_left(module, graph):
    package = package_of(module)
    assert package in ORDER
    found = {package_of(other) if other != "bakeoff" else "api" for other in graph[module]}
    assert found & set(ORDER[ORDER.index(package) + 1 :]) == set()
    if package in LEAVES:
        assert found <= LEAVES[package] | {package}


def test_no_module_is_imported_by_what_it_imports(graph):
    """Imports in functions count: they put a circle off and leave it there."""
    assert set().union(*graph.values()) <= set(graph)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_a_circle_would_be_found(graph):
    assert "bakeoff.files" in graph["bakeoff.record.reading"]
    with pytest.raises(CycleError, match=r"bakeoff\.files"):
        TopologicalSorter(graph | {"bakeoff.files": {"bakeoff.record.reading"}}).prepare()


def test_imports_are_read_exactly():
    program = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from bakeoff.api import compare
from bakeoff.config import conf_dir, keys
import bakeoff.errors
def later():
    from bakeoff.files import read_json
    return "bakeoff.commands.train:run", f"bakeoff.tasks.{later}", "bakeoff.nowhere.at_all", "bakeoff says"
"""
    assert imports(ast.parse(program)) == {"bakeoff.config", "bakeoff.config.keys", "bakeoff.errors", "bakeoff.files"}
    strings = dotted_strings(ast.parse(program))
    assert strings == {"bakeoff.commands.train:run", "bakeoff.tasks", "bakeoff.nowhere.at_all"}
    named = {text: named_module(text) for text in strings}
    assert named == {
        "bakeoff.commands.train:run": "bakeoff.commands.train",
        "bakeoff.tasks": "bakeoff.tasks",
        "bakeoff.nowhere.at_all": None,
    }


def test_what_strings_name_is_there():
    lost = {(module, text) for module in MODULES for text in dotted_strings(parsed(module)) if not named_module(text)}
    assert {text for _, text in lost} == TAGS
    assert {module for module, _ in lost} == {"bakeoff.tracking.store"}
    assert [name for name in cli.PIPELINES if not named_module(f"bakeoff.commands.{name}:run")] == []


@pytest.mark.parametrize("module", REGISTRIES)
def test_a_registry_is_excused_only_while_it_names_later_modules(module):
    named = {package_of(text) for text in dotted_strings(parsed(module))}
    assert named & set(ORDER[ORDER.index(package_of(module)) + 1 :])


def test_what_is_imported_is_declared():
    """In ``pyproject.toml``, also where another package brings it; what asks GPUs for their state may be missing."""
    project = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    declared, owners = {canonicalize_name(Requirement(text).name) for text in asked}, packages_distributions()
    nodes = (node for path in MODULES.values() for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    imported = {name.partition(".")[0] for node in nodes for name in _named(node)}
    others = imported - {*sys.stdlib_module_names, "bakeoff", "pynvml"}
    assert len(others) > 30
    assert {name for name in others if not declared & set(map(canonicalize_name, owners.get(name, ())))} == set()


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


def test_a_task_never_imports_another_task():
    """The tasks are those that ``conf/task`` names; what several share stands beside them."""
    files = list((ROOT / "tasks").rglob("*.py"))
    tasks = {path.stem for path in (conf_dir() / "task").glob("*.yaml")}
    for path in files:
        own = path.relative_to(ROOT / "tasks").parts[0].removesuffix(".py")
        text = path.read_text(encoding="utf-8")
        assert not [task for task in tasks - {own} if f"bakeoff.tasks.{task}" in text], path
        assert own in tasks or not [task for task in tasks if f"bakeoff.tasks.{task}" in text], path


def loaded_after(code: str, tmp_path: Path) -> set[str]:
    """The heavy packages that are loaded after running ``code`` in a fresh process."""
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    return set(done.stdout.split("LOADED")[1].split()) & set(HEAVY)


@pytest.mark.parametrize(
    "code",
    [
        "import bakeoff, bakeoff.cli, bakeoff.config, bakeoff.config.running, bakeoff.config.checking",
        "from bakeoff.cli import main; main(['--help'])",
        "from bakeoff.cli import main; main(['train', '--help'])",
        "from bakeoff.cli import main; main(['list', 'models'])",
        "from bakeoff.cli import main; main(['explain', 'optimizer.lr'])",
        "from bakeoff.cli import main; main(['ui'])",
        "from bakeoff.cli import main; main(['compare', 'trainer.max_epoch=3', 'seeds=0'])",
        "from bakeoff.cli import main; main(['train', '--cfg', 'job'])",
    ],
)
def test_answers_about_configuration_load_nothing_heavy(code, tmp_path):
    assert loaded_after(code, tmp_path) == set()
