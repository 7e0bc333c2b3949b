"""Samples that come with packages of the extra ``samples``."""

from __future__ import annotations

import importlib
import importlib.metadata
from pathlib import Path
from types import ModuleType

from bakeoff.errors import EnvironmentFault


def installed_file(package: str, name: str) -> tuple[Path, str]:
    """A file that a package installed, and the package's version; the package is not imported.

    Raises:
        EnvironmentFault: the package is not installed.
    """
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise _missing(package) from error
    return Path(str(distribution.locate_file(name))), distribution.version


def sample_package(package: str) -> ModuleType:
    """The package, imported.

    Raises:
        EnvironmentFault: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise _missing(package) from error


def package_version(package: str) -> str:
    """The version of an installed package.

    Raises:
        EnvironmentFault: it is not installed.
    """
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise _missing(package) from error


def _missing(package: str) -> EnvironmentFault:
    problem = f"the sample needs the Python package {package}, which is not installed"
    next_step = "pip install 'bakeoff[samples]', or bring your own data (bakeoff list data)"
    return EnvironmentFault("env.missing_package", "data", package, problem, next_step=next_step)
