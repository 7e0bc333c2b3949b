"""The user's own code in a model folder: it travels with the model, and runs only where it is named.

MLflow's ``code_paths`` would put whatever lies in the folder first on Python's path, before anyone is asked.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.config import allow
from bakeoff.config.allowlist import OURS, THEIRS, check_own
from bakeoff.config.composition import own_tree, use_trees
from bakeoff.config.locate import conf_dir
from bakeoff.config.tree import targets
from bakeoff.errors import CheckpointError
from bakeoff.tracking.secrets import mask_text

CODE, TREE = "own_code", "own_conf"
"""The folders of the packages, and of the YAML of ``--config-dir``."""


def own_packages(config: Mapping[str, Any]) -> list[str]:
    """The packages of a configuration's classes that are neither bakeoff's nor of a library that it allows."""
    known = {package.split(".")[0] for package in (*OURS, *THEIRS)}
    named = {str(node["_target_"]).split(".")[0] for _, node in targets(dict(config))}
    return sorted(named - known)


def pack(folder: Path, packages: Sequence[str]) -> None:
    """Lays packages that this process can import, and the files of its ``--config-dir``, into a model folder."""
    for package in packages:
        found = importlib.util.find_spec(package)
        assert found is not None  # the run's classes have been loaded from it
        for place in found.submodule_search_locations or ():
            shutil.copytree(
                place, folder / CODE / package, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
            )
        if not found.submodule_search_locations and found.origin:
            (folder / CODE).mkdir(exist_ok=True)
            shutil.copy(found.origin, folder / CODE)
    tree = own_tree()
    for path in sorted(tree.rglob("*.yaml")) if tree else ():
        copy = folder / TREE / path.relative_to(tree or path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(mask_text(path.read_text(encoding="utf-8")), encoding="utf-8")


def use(folder: Path, packages: Sequence[str], allowed: Sequence[str]) -> None:
    """Makes the packages of a model folder known to this process.

    Args:
        folder: the model's.
        packages: whose classes it is made of.
        allowed: what whoever loads it lets run.

    Raises:
        CheckpointError: a package is not among the allowed.
        ConfigError: one that is allowed is none of the user's, or neither came with the model nor is installed.
    """
    if not set(packages) <= set(allowed):
        problem = f"its classes are of {', '.join(packages)}, which runs only where you name it"
        step = f'load_model(..., model_config={{"allow_code": {list(packages)}}})'.replace("'", '"')
        raise CheckpointError("checkpoint.own_code", "model", folder.name, problem, next_step=step)
    sys.path.append(str(folder / CODE))
    tree = folder / TREE
    use_trees([conf_dir(), *([tree] if tree.is_dir() else [])])
    check_own(allowed)
    allow(allowed)
