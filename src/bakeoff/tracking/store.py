"""The few things that bakeoff asks of MLflow, in batches and without surprises.

MLflow's own defaults lose data here: parameters are cut, infinities change their value, several writers race in the
migration of a new database, and a server that is away blocks for minutes. See each function for what it does instead.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
# MLflow would send a request again that a busy server is still working on, and make two runs. A pass that fails is
# made again as a whole, and looks first.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage, Run
from mlflow.exceptions import MlflowException

from bakeoff.config.processes import Process, this_host
from bakeoff.record.layout import SPEC
from bakeoff.tracking.batches import Entry, batches
from bakeoff.tracking.database import prepare_database
from bakeoff.tracking.moved import settle_artifacts
from bakeoff.tracking.secrets import mask_text
from bakeoff.tracking.server import probe

KEY = "bakeoff.key"
"""The tag that a run is recognised by."""
_PAGE = 1000
_TEXT = (".json", ".jsonl", ".html", ".md", ".txt", ".yaml", ".csv")
_OF_DATA = (SPEC,)
"""Holds sizes, classes and whole vocabularies, of which nothing is secret and some words look like it."""


class Store:
    """One MLflow store and experiment.

    Args:
        uri: the tracking URI.
        experiment: the experiment's name, made where it is new.
        artifacts: where a local store keeps artifacts of a new experiment; a server decides for itself.

    Raises:
        StoreUnreachable: the server does not answer within seconds.
        MlflowException: it refuses, or the experiment was deleted.
    """

    def __init__(self, uri: str, experiment: str, artifacts: Path) -> None:
        probe(uri)
        prepare_database(uri)
        settle_artifacts(uri)
        self.uri = uri
        self.client = MlflowClient(tracking_uri=uri)
        self._known: dict[str, dict[str, str]] = {}
        found = self.client.get_experiment_by_name(experiment)
        if found is not None:
            self.experiment_id = _active(found)
        else:
            location = artifacts.resolve().as_uri() if self.local else None
            self.experiment_id = self._new_experiment(experiment, location)

    @property
    def local(self) -> bool:
        """Whether this is a database file, whose calls can't be lost on the way."""
        return self.uri.startswith("sqlite:")

    def probe(self) -> None:
        """Whether it answers now.

        Raises:
            StoreUnreachable: not within seconds.
        """
        probe(self.uri)

    def _new_experiment(self, name: str, location: str | None) -> str:
        try:
            return self.client.create_experiment(name, artifact_location=location)
        except MlflowException:  # another writer was faster
            found = self.client.get_experiment_by_name(name)
            if found is None:
                raise
            return found.experiment_id

    def find_run(self, key: str, *, group: str | None = None) -> str | None:
        """The id of the run with this ``bakeoff.key``, or None.

        Args:
            key: of the run.
            group: what its key begins with, where many such runs will be asked for: they are fetched once, in pages.
        """
        if group is None:
            return next(iter(self._keys(f"tags.`{KEY}` = '{key}'").values()), None)
        if group not in self._known:
            self._known[group] = self._keys(f"tags.`{KEY}` LIKE '{group}%'")
        return self._known[group].get(key)

    def _keys(self, query: str) -> dict[str, str]:
        """Key to run id; of several runs with one key, the first that was made."""
        return {run.data.tags[KEY]: run.info.run_id for run in reversed(self._search(query))}

    def _search(self, query: str) -> list[Run]:
        """All runs that the query finds, the latest first."""
        runs: list[Run] = []
        token = None
        while True:
            page = self.client.search_runs([self.experiment_id], query, max_results=_PAGE, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs

    def create_run(self, name: str, key: str, tags: Mapping[str, str], *, started: float | None = None) -> str:
        """The id of a new run.

        Args:
            name: what the UI shows.
            key: what the run is recognised by.
            tags: of the run.
            started: when the work began, Unix seconds; None is now.
        """
        start_time = None if started is None else int(1000 * started)
        hidden = {label: mask_text(value) for label, value in tags.items()}
        run = self.client.create_run(
            self.experiment_id, start_time=start_time, run_name=name, tags={**hidden, KEY: key}
        )
        for group, known in self._known.items():
            if key.startswith(group):
                known[key] = run.info.run_id
        return run.info.run_id

    def delete_twins(self, key: str, keep: str) -> None:
        """Deletes runs with the same key: a request that was given up on can still have made one."""
        for run in self._search(f"tags.`{KEY}` = '{key}'"):
            if run.info.run_id != keep:
                self.client.delete_run(run.info.run_id)

    def log(
        self,
        run_id: str,
        *,
        metrics: Iterable[Entry] = (),
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Sends metrics ``(name, value, time in ms, step)``, parameters and tags in as few calls as possible."""
        for batch in batches(metrics, params, tags):
            self.client.log_batch(run_id, metrics=batch.metrics, params=batch.params, tags=batch.tags)

    def params(self, run_id: str) -> set[str]:
        """The names of the parameters that a run has, which can't be given other values."""
        return set(self.client.get_run(run_id).data.params)

    def artifact(self, run_id: str, path: Path, *, folder: str | None = None) -> None:
        """Stores a file with the run; a text that holds secrets, without them."""
        text = path.read_text(encoding="utf-8") if path.suffix in _TEXT and path.name not in _OF_DATA else ""
        masked = mask_text(text)
        if masked == text:
            self.client.log_artifact(run_id, str(path), folder)
            return
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / path.name
            copy.write_text(masked, encoding="utf-8")
            self.client.log_artifact(run_id, str(copy), folder)

    def close_run(self, run_id: str, status: str, *, ended: float | None = None) -> None:
        """Ends the run as ``FINISHED``, ``FAILED`` or ``KILLED``, at a Unix time or now."""
        self.client.set_terminated(run_id, status=status, end_time=None if ended is None else int(1000 * ended))

    def reopen_run(self, run_id: str, owner: Process) -> None:
        """Marks a run as running again, when its trial resumes in the process ``owner``."""
        self.client.update_run(run_id, status="RUNNING")
        self.log(run_id, tags=owner_tags(owner))

    def end_orphans(self) -> int:
        """Ends as KILLED what is marked RUNNING by a process of this machine that is gone; returns how many."""
        running = self._search(f"attributes.status = 'RUNNING' AND tags.`bakeoff.host` = '{this_host()}'")
        tags = {run.info.run_id: run.data.tags for run in running if "bakeoff.owner" in run.data.tags}
        gone = [run_id for run_id, of in tags.items() if owner_of(of).gone]
        for run_id in gone:
            self.close_run(run_id, "KILLED")
        return len(gone)


def owner_tags(owner: Process) -> dict[str, str]:
    """The process that works on a run, as tags of the run."""
    return {"bakeoff.host": owner.host, "bakeoff.owner": f"{owner.pid}:{owner.started}:{owner.since_boot}"}


def owner_of(tags: Mapping[str, str]) -> Process:
    """What `owner_tags` wrote."""
    pid, *starts = tags["bakeoff.owner"].split(":")
    return Process(tags["bakeoff.host"], int(pid), *map(float, starts))


def _active(experiment: Experiment) -> str:
    """The id of an experiment; one that was deleted keeps its name, and takes no runs.

    Raises:
        MlflowException: it was deleted.
    """
    number = experiment.experiment_id
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        back = f"mlflow experiments restore --experiment-id {number} brings it back"
        problem = f"the experiment {experiment.name} was deleted there"
        raise MlflowException(f"{problem}; {back}, tracking.experiment=NAME makes another")
    return number
