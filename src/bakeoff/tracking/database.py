"""Makes the database of a SQLite store."""

from __future__ import annotations

import logging

from filelock import FileLock
from mlflow import MlflowClient

from bakeoff.databases import SQLITE, sqlite_path, sqlite_uri

logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # it announces every new database


def prepare_database(uri: str) -> None:
    """Makes the database of a SQLite store, whole or not at all; other stores are left alone.

    Several first openings at once break MLflow's migration, and so does a kill in its middle, for good. So the database
    is made under a lock, beside its place, and moved there when it is complete. That takes seconds, or minutes where
    many programs compete; whoever dies over it loses the lock.

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
        MlflowClient(tracking_uri=sqlite_uri(making)).search_experiments(max_results=1)
        making.replace(database)
