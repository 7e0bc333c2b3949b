"""Makes the database of a SQLite store."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow import MlflowClient

from bakeoff.data.cache import cached_folder, digest
from bakeoff.databases import SQLITE, sqlite_path, sqlite_uri
from bakeoff.errors import EnvironmentFault

logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # it announces every new database
_EMPTY = "mlflow.db"


def prepare_database(uri: str) -> None:
    """Makes the database of a SQLite store, whole or not at all; other stores are left alone.

    Several first openings at once break MLflow's migration, and so does a kill in its middle, for good. So the database
    is made under a lock, beside its place, and moved there when it is complete; whoever dies over it loses the lock.
    The migration takes seconds, or minutes where many programs compete: it is made once for each version of MLflow,
    and kept in the user's cache for copies.

    Raises:
        ConfigError: no database can lie there.
    """
    if not uri.startswith(SQLITE):
        return
    database = sqlite_path(uri)
    if database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock", timeout=900):
        if database.exists():
            return
        making = database.with_name(f".{database.name}.making")
        making.unlink(missing_ok=True)
        try:
            _copy(cached_folder("mlflow", _version(), lambda folder: _migrate(folder / _EMPTY)) / _EMPTY, making)
        except EnvironmentFault:  # a cache that can't be written is no reason to do without a tracker
            _migrate(making)
        making.replace(database)


def _version() -> str:
    """Tells MLflow's version, and its schema by the names of all migrations."""
    migrations = Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions"
    return f"{mlflow.__version__}-{digest(sorted(path.name for path in migrations.glob('*.py')))[:8]}"


def _migrate(database: Path) -> None:
    MlflowClient(tracking_uri=sqlite_uri(database)).search_experiments(max_results=1)


def _copy(empty: Path, database: Path) -> None:
    """As if made now and here: MLflow's own experiment lies in the current folder."""
    shutil.copyfile(empty, database)
    now = int(time.time() * 1000)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE experiments SET artifact_location = ?, creation_time = ?, last_update_time = ?",
            (str(Path.cwd() / "mlruns" / "0"), now, now),
        )
