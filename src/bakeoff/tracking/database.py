"""Makes the database of a SQLite store."""

from __future__ import annotations

import logging
from pathlib import Path

from filelock import FileLock
from mlflow import MlflowClient

_PREFIX = "sqlite:///"

logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # it announces every new database


def prepare_database(uri: str) -> None:
    """Makes the database of a SQLite store, whole or not at all; other stores are left alone.

    Several first openings at once break MLflow's migration, and so does a kill in its middle, for good. So the database
    is made under a lock, beside its place, and moved there when it is complete. That takes seconds, or minutes where
    many programs compete; whoever dies over it loses the lock.
    """
    if not uri.startswith(_PREFIX):
        return
    database = Path(uri.removeprefix(_PREFIX))
    if database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock", timeout=900):
        if database.exists():
            return
        making = database.with_name(f".{database.name}.making")
        making.unlink(missing_ok=True)
        MlflowClient(tracking_uri=f"{_PREFIX}{making}").search_experiments(max_results=1)
        making.replace(database)
