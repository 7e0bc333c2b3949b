"""A local store that was moved or copied together with the folders that it tracks."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

ARTIFACTS = "mlflow-artifacts"
"""Where a store of ours keeps files, beside its database."""
_PREFIX = "sqlite:///"
_PLACES = (("experiments", "artifact_location"), ("runs", "artifact_uri"), ("model_versions", "storage_location"))
"""Columns of MLflow's database that hold absolute addresses of files."""


def along_with(place: Path, *, before: Path, now: Path) -> Path:
    """Where a file is since a folder moved: as it lay to the folder before, if something lies there; else unmoved.

    Args:
        place: of the file, when the folder was at ``before``.
        before: the folder's place then, absolute.
        now: the folder's place now, absolute.
    """
    moved = Path(os.path.normpath(now / os.path.relpath(place, before)))
    return moved if moved.exists() else place


def uri_along_with(uri: str, *, before: Path, now: Path) -> str:
    """As `along_with`, for the URI of a store; a server stays where it is."""
    if not uri.startswith(_PREFIX):
        return uri
    return f"{_PREFIX}{along_with(Path(uri.removeprefix(_PREFIX)), before=before, now=now)}"


def settle_artifacts(uri: str) -> None:
    """Tells a SQLite store where its files are, if they came along and are no longer where it believes them to be.

    MLflow knows files by absolute addresses only, and offers no way to change them.
    """
    if not uri.startswith(_PREFIX):
        return
    database = Path(uri.removeprefix(_PREFIX))
    here = database.parent / ARTIFACTS
    if not here.is_dir():
        return
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        known = [row[0] for row in connection.execute("SELECT DISTINCT artifact_location FROM experiments")]
        for old in known:
            path = Path(url2pathname(urlparse(old).path))
            if urlparse(old).scheme == "file" and path.name == ARTIFACTS and not path.exists():
                _replace(connection, old, here.as_uri())


def _replace(connection: sqlite3.Connection, old: str, new: str) -> None:
    for table, column in _PLACES:
        connection.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} = ? OR substr({column}, 1, ?) = ?",
            (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
        )
