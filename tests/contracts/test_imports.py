"""Imports point one way, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bakeoff
from bakeoff.config import conf_dir

ROOT = Path(bakeoff.__file__).parent
ORDER = [
    "errors",
    "files",
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
    "comparison",
    "report",
    "commands",
    "api",
    "cli",
]
"""A module imports from its own package and from those before it."""

LEAVES = {"errors": set(), "files": set(), "statistics": {"errors"}}
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

SOURCES = sorted(path for path in ROOT.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_packages(path: Path) -> set[str]:
    """The packages of bakeoff that a file imports, at its top or in functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("bakeoff.")}
    return found & set(ORDER)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_point_to_the_left(path):
    package = package_of(path)
    if package == "__init__":
        return
    assert package in ORDER
    later = ORDER[ORDER.index(package) + 1 :]
    assert imported_packages(path) & set(later) == set()
    if package in LEAVES:
        assert imported_packages(path) <= LEAVES[package] | {package}


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
