"""Where runs are tracked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

from bakeoff.databases import SQLITE, sqlite_path, sqlite_uri
from bakeoff.errors import ConfigError
from bakeoff.ranges import Positive

_DATABASES = ("postgresql", "mysql", "mssql")
_DATABRICKS = ("databricks", "databricks-uc", "uc")
_OTHERS = "mlflow.tracking_store"
"""The entry point by which a package tells MLflow of a tracker."""


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """The ``tracking`` section of a configuration.

    Args:
        enabled: False keeps the local log only.
        uri: an MLflow tracking URI; None is ``mlflow.db`` in the output folder.
        experiment: the experiment's name; None is ``<task>/<data>``.
        every_s: seconds between batches sent to the store.
        system_every_s: seconds between samples of processor, memory and GPU; None takes none.

    Raises:
        ConfigError: no address of a tracker.
    """

    enabled: bool = True
    uri: str | None = None
    experiment: str | None = None
    every_s: Positive = 5.0
    system_every_s: Positive | None = 10.0

    def __post_init__(self) -> None:
        if self.every_s <= 0:
            raise ValueError(f"every_s must be above 0 seconds; got {self.every_s}")
        if self.system_every_s is not None and self.system_every_s <= 0:
            raise ValueError(f"system_every_s must be above 0 seconds, or null; got {self.system_every_s}")
        if self.uri is not None and not self.uri.startswith(SQLITE):
            _check_address(self.uri)

    def store(self, root: Path) -> str:
        """The URI to use, for output under ``root``; a database is named by its absolute path.

        Raises:
            ConfigError: no database can lie there.
        """
        if self.uri is None:
            return sqlite_uri(root / "mlflow.db")
        if self.uri.startswith(SQLITE):
            return sqlite_uri(sqlite_path(self.uri), key="tracking.uri")
        return self.uri


def _check_address(uri: str) -> None:
    """Refuses what MLflow would refuse after training only."""
    scheme = uri.partition(":")[0].partition("+")[0]  # of postgresql+psycopg, the database
    known = (*_DATABASES, *(entry.name for entry in entry_points(group=_OTHERS)))
    if _is_server(uri) or scheme in _DATABRICKS or ("://" in uri and scheme in known):
        return
    folder = uri.startswith(("file:", ".", "/"))
    problem = "MLflow keeps no runs in plain folders any more" if folder else "is no address of a tracker"
    step = f"tracking.uri=http://{uri}" if re.fullmatch(r"[\w.-]+:\d+/?", uri) else "bakeoff explain tracking.uri"
    allowed = "http://HOST:PORT, sqlite:///FILE.db, or another address that MLflow knows"
    shown = uri.rpartition("@")[2]  # what stands before it is a password
    raise ConfigError("config.bad_value", "tracking.uri", shown, problem, allowed=allowed, next_step=step)


def _is_server(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no port, or no address
        return False
