"""Which objects a ``_target_`` may name.

The check is on the object itself, not on its path: ``bakeoff.data.cache.os.system`` reads like ours and is not. An
object passes when it is a public class or function, asked for in a module (never through a class or another object),
and *defined* in an allowed package. Names of the allowed packages are known before anything is imported, so a refused
path runs no code.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bakeoff.config.signatures import public_classes
from bakeoff.errors import ConfigError, nearest

OURS = ("bakeoff.data", "bakeoff.models", "bakeoff.tasks", "bakeoff.training", "bakeoff.tracking", "bakeoff.comparison")
"""Our packages whose classes may be named; functions may not, since some of ours write files or start processes."""

THEIRS = ("torch.nn", "torch.optim", "torchvision.transforms.v2", "torchmetrics", "pytorch_lightning.callbacks")
"""Third-party packages whose classes may be named."""

CONTRACTS = "bakeoff.models.contracts"
ROLES: dict[str, tuple[str, ...]] = {
    "task.module": ("bakeoff.tasks.contract.Task",),
    "data.module": ("bakeoff.data.contract.TaskData",),
    "data.module.source": ("bakeoff.data.sources.source.Source",),
    "data.problem": ("bakeoff.data.probes.problem.Problem",),
    "optimizer": ("torch.optim.optimizer.Optimizer",),
    "scheduler": ("bakeoff.training.loop.schedules.Schedule",),
    "trainer": ("bakeoff.training.trial.settings.TrainerSettings",),
    "tracking": ("bakeoff.tracking.settings.Tracking",),
}
"""What the class that a section names must be; of ``model.net``, the class that its contract names."""

_NEVER = frozenset(
    {
        "torch",
        "numpy",
        "pandas",
        "hydra",
        "omegaconf",
        "joblib",
        "cloudpickle",
        "mlflow",
        "bakeoff",
        "pip",
        "setuptools",
    }
)
"""Packages that hold readers of pickles or starters of programs; naming them as user code would undo the list."""

_user_packages: set[str] = set()


def allow(packages: Iterable[str]) -> None:
    """Let ``_target_`` name classes and functions of these packages too, in this process.

    A package that is not installed but lies in the current folder becomes importable.

    Raises:
        ConfigError: a package is part of Python or of a library that can run any code, or can't be found.
    """
    for package in packages:
        root = str(package).split(".")[0]
        if not all(part.isidentifier() for part in str(package).split(".")) or root.startswith("__"):
            problem = "is no name of a package"
            raise ConfigError("config.allow_code", "allow_code", package, problem, next_step="name your own package")
        if root in sys.stdlib_module_names or root in _NEVER:
            problem = "is no package of yours: allowing it would let a configuration file run any code"
            raise ConfigError("config.allow_code", "allow_code", package, problem, next_step="name your own package")
        if importlib.util.find_spec(root) is None:
            if not (Path(root).is_dir() or Path(f"{root}.py").is_file()):
                problem = f"no such package is installed, nor in {Path.cwd()}"
                raise ConfigError("config.allow_code", "allow_code", package, problem, next_step="pip install it first")
            sys.path.append(str(Path.cwd()))
        _user_packages.add(str(package))


def check_own(packages: Iterable[str]) -> None:
    """Refuses what came with bakeoff: some of it starts programs (``psutil.Popen``) or reads pickles (``dill.load``).

    `allow` does without it, since it takes a second, and only the first process of a command need ask.

    Raises:
        ConfigError: a package is one that bakeoff needs, or that one of those needs.
    """
    for package in packages:
        if str(package).split(".")[0] in _came_along():
            problem = "came with bakeoff and is no package of yours: allowing it would let a configuration run any code"
            step = "subclass what you need in a package of your own, and name that"
            raise ConfigError("config.allow_code", "allow_code", package, problem, next_step=step)


@cache
def _came_along() -> frozenset[str]:
    """The names to import of all that bakeoff and its extras install; none where bakeoff itself is not installed."""
    seen: set[str] = set()
    waiting = ["bakeoff"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            needed = [Requirement(text) for text in metadata.requires(name) or ()]
        except metadata.PackageNotFoundError:
            continue
        waiting += [item.name for item in needed if name == "bakeoff" or "extra" not in str(item.marker or "")]
    owners = metadata.packages_distributions().items()
    return frozenset(root for root, names in owners if any(canonicalize_name(name) in seen for name in names))


def allowed_packages() -> list[str]:
    """The user's packages that `allow` has named so far."""
    return sorted(_user_packages)


def is_allowed(target: str) -> bool:
    """Whether a dotted path leads into an allowed package; what it resolves to there is checked by `resolve`."""
    module = target.rpartition(".")[0]
    public = not any(part.startswith("_") for part in target.split("."))
    return public and _within(module, (*OURS, *THEIRS, *_user_packages))


def refusal(key: str, target: object) -> ConfigError:
    """The error for a target that is not on the list."""
    package = str(target).split(".")[0]
    own = f"allow_code=[{package}] if it is your own code"
    if package in sys.stdlib_module_names or package in _NEVER:
        own = "name a class of the allowed packages"
    allowed = f"classes of {', '.join([*OURS, *THEIRS, *sorted(_user_packages)])}"
    problem = "a configuration may not name this object"
    return ConfigError("config.target_not_allowed", f"{key}._target_", target, problem, allowed=allowed, next_step=own)


def resolve(target: object, *, key: str = "config") -> Callable[..., Any]:
    """The class or function that a ``_target_`` names; ``key`` is the section to blame in an error.

    Raises:
        ConfigError: it is not on the allowlist, or does not exist.
    """
    if not isinstance(target, str) or not is_allowed(target):
        raise refusal(key, target)
    module_name, _, name = target.rpartition(".")
    module = _import(module_name, target, key=key)
    if not hasattr(module, name):
        raise unknown(key, target)
    found = getattr(module, name)
    if not _is_definition(found) or not _allowed_identity(found):
        raise refusal(key, target)
    return found


def unknown(key: str, target: str) -> ConfigError:
    """The error for a path into an allowed package that leads nowhere."""
    module_name, _, name = target.rpartition(".")
    names = nearest(name, public_classes(module_name))
    allowed = ", ".join(f"{module_name}.{item}" for item in names) or None
    return ConfigError("config.unknown_target", f"{key}._target_", target, "there is no such class", allowed=allowed)


def _import(module_name: str, target: str, *, key: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.split(".")[0] == module_name.split(".")[0]:
            parent = module_name.rpartition(".")[0]
            if parent in sys.modules and hasattr(sys.modules[parent], module_name.rpartition(".")[2]):
                raise refusal(key, target) from None  # a path through an object, such as a.module.os.system
            raise unknown(key, target) from None
        problem = f"its module needs the package {missing!r}, which is not installed"
        raise ConfigError("config.missing_package", f"{key}._target_", target, problem) from error


def _within(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _is_definition(found: object) -> bool:
    """A class or plain function that is what its own module holds under its own name."""
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        return False
    home = sys.modules.get(found.__module__)
    return getattr(home, found.__qualname__, None) is found


def _allowed_identity(found: Any) -> bool:
    if found.__name__.startswith("_"):
        return False
    if _within(found.__module__, _user_packages):
        return True
    return inspect.isclass(found) and _within(found.__module__, (*OURS, *THEIRS))
