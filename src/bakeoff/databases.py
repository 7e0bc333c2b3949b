"""SQLite databases by their address, as SQLAlchemy reads it for MLflow and Optuna."""

from __future__ import annotations

import re
from pathlib import Path

from bakeoff.errors import ConfigError

SQLITE = "sqlite:///"
_READ_OTHERWISE = re.compile(r"\?|%[0-9A-Fa-f]{2}")
"""What follows a ``?`` is read as options; ``%20`` is read as a space, by some versions and not by others."""


def sqlite_uri(database: Path, *, key: str = "output_dir") -> str:
    """The address of a database, by its absolute path; ``key`` is the setting to blame.

    Raises:
        ConfigError: an address can't say this path: the database would lie elsewhere.
    """
    path = database.resolve()
    found = _READ_OTHERWISE.search(str(path))
    if found:
        problem = f"no database can lie there, since its address can't hold {found[0]}"
        raise ConfigError("config.bad_path", key, path, problem, next_step="a folder without ? and % in its path")
    return f"{SQLITE}{path}"


def sqlite_path(uri: str) -> Path:
    """The path of the database that an address names."""
    return Path(uri.removeprefix(SQLITE))
