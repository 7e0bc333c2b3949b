"""The few things that bakeoff asks of MLflow, in batches and without surprises.

MLflow's own defaults lose data here: parameters are cut, infinities change their value, several writers race in the
migration of a new database, and a server that is away blocks for minutes. See each function for what it does instead.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

PROBE_SECONDS = 5.0
LARGEST_BATCH = 900
"""Metrics in one call; MLflow takes 1,000."""
LONGEST_PARAM = 500
"""Characters; longer values are left to the configuration artifact instead of being cut in silence."""


class StoreUnreachable(RuntimeError):
    """The tracking store does not answer."""


def probe(uri: str) -> None:
    """Asks in at most five seconds whether a server listens; MLflow itself would wait for minutes.

    Raises:
        StoreUnreachable: nothing listens there.
    """
    parts = urlparse(uri)
    if parts.scheme not in ("http", "https"):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=PROBE_SECONDS).close()
    except OSError as error:
        raise StoreUnreachable(f"{parts.hostname}:{port} does not answer ({error})") from error


class Store:
    """One MLflow store and experiment.

    Args:
        uri: the tracking URI.
        experiment: the experiment's name, made where it is new.
        artifacts: where a local store keeps artifacts of a new experiment; a server decides for itself.
    """

    def __init__(self, uri: str, experiment: str, artifacts: Path) -> None:
        probe(uri)
        prepare_database(uri)
        self.client = MlflowClient(tracking_uri=uri)
        found = self.client.get_experiment_by_name(experiment)
        if found is not None:
            self.experiment_id = found.experiment_id
        else:
            local = uri.startswith("sqlite:")
            location = artifacts.resolve().as_uri() if local else None
            self.experiment_id = self._new_experiment(experiment, location)

    def _new_experiment(self, name: str, location: str | None) -> str:
        try:
            return self.client.create_experiment(name, artifact_location=location)
        except MlflowException:  # another writer was faster
            found = self.client.get_experiment_by_name(name)
            if found is None:
                raise
            return found.experiment_id

    def open_run(self, name: str, key: str, tags: Mapping[str, str], *, started: float | None = None) -> str:
        """The id of the run with this ``bakeoff.key`` tag, made where there is none: asking twice makes one run.

        Args:
            name: what the UI shows.
            key: what the run is recognised by.
            tags: of a new run.
            started: when the work began, Unix seconds; None is now.
        """
        found = self.client.search_runs([self.experiment_id], f"tags.`bakeoff.key` = '{key}'", max_results=1)
        if found:
            return found[0].info.run_id
        start_time = None if started is None else int(1000 * started)
        all_tags = {**tags, "bakeoff.key": key}
        run = self.client.create_run(self.experiment_id, start_time=start_time, run_name=name, tags=all_tags)
        return run.info.run_id

    def log(
        self,
        run_id: str,
        *,
        metrics: Iterable[tuple[str, float, int, int]] = (),
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Sends metrics ``(name, value, time in ms, step)``, parameters and tags in as few calls as possible."""
        entries = [Metric(name, value, time, step) for name, value, time, step in metrics if math.isfinite(value)]
        chunks = [entries[start : start + LARGEST_BATCH] for start in range(0, len(entries), LARGEST_BATCH)]
        for chunk in chunks:
            self.client.log_batch(run_id, metrics=chunk)
        if params:
            short = [Param(key, str(value)) for key, value in params.items() if len(str(value)) <= LONGEST_PARAM]
            for start in range(0, len(short), 100):
                self.client.log_batch(run_id, params=short[start : start + 100])
        if tags:
            self.client.log_batch(run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])

    def artifact(self, run_id: str, path: Path) -> None:
        """Stores a file with the run."""
        self.client.log_artifact(run_id, str(path))

    def close_run(self, run_id: str, status: str, *, ended: float | None = None) -> None:
        """Ends the run as ``FINISHED``, ``FAILED`` or ``KILLED``, at a Unix time or now."""
        self.client.set_terminated(run_id, status=status, end_time=None if ended is None else int(1000 * ended))

    def reopen_run(self, run_id: str) -> None:
        """Marks a run as running again, when its trial resumes."""
        self.client.update_run(run_id, status="RUNNING")


def prepare_database(uri: str) -> None:
    """Makes the database of a SQLite store, whole or not at all; other stores are left alone.

    Several first openings at once break MLflow's migration, and so does a kill in its middle, for good. So the database
    is made under a lock, beside its place, and moved there when it is complete.
    """
    if not uri.startswith("sqlite:///"):
        return
    database = Path(uri.removeprefix("sqlite:///"))
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock", timeout=120):
        if database.exists():
            return
        making = database.with_name(f".{database.name}.making")
        making.unlink(missing_ok=True)
        MlflowClient(tracking_uri=f"sqlite:///{making}").search_experiments(max_results=1)
        making.replace(database)
