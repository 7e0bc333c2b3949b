"""What the store has of a folder, remembered in the folder's ``mlflow.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bakeoff.config.processes import Process
from bakeoff.files import read_json, write_json
from bakeoff.record.layout import SYNCED
from bakeoff.tracking.batches import tracker_name
from bakeoff.tracking.secrets import without_credentials
from bakeoff.tracking.store import Store, owner_tags


@dataclass
class Synced:
    """What the store has of a trial or a bakeoff."""

    run_id: str
    uri: str
    records: int = 0
    """Of the metric log."""
    system: int = 0
    """Samples of the machine."""
    found: bool = False
    """Whether the run was there before the folder knew of it."""
    described: bool = False
    """Whether it has the parameters and the configuration."""
    doubtful: bool = False
    """Whether an answer to the request for the run may have been lost, and the run made twice."""
    status: str | None = None
    errored: bool = False
    """Whether an error ended it without a result, for now."""
    verdict: str | None = None
    """The hash of the verdict and report that it has."""

    @property
    def complete(self) -> bool:
        """Whether the run was ended with a result."""
        return self.status in ("FINISHED", "FAILED") and not self.errored


def remembered(folder: Path, uri: str) -> Synced | None:
    """What the store at ``uri`` has, or None; another store has nothing."""
    try:
        plain = read_json(folder / SYNCED)
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    known = {field.name for field in fields(Synced)}
    synced = Synced(**{name: value for name, value in plain.items() if name in known})
    return synced if synced.uri == without_credentials(uri) else None


def remember(folder: Path, synced: Synced) -> None:
    """Writes ``mlflow.json``."""
    write_json(folder / SYNCED, asdict(synced))


@dataclass(frozen=True)
class Opening:
    """The run that a folder wants: what it is called, is recognised by, and belongs to."""

    name: str
    key: str
    tags: Mapping[str, Any]
    group: str | None = None
    """What the keys of the runs beside it begin with."""
    started: float | None = None


def open_run(store: Store, folder: Path, opening: Opening, owner: Process | None) -> Synced:
    """The folder's run: the one with its key, or a new one. Asking twice makes one run."""
    synced = Synced("", without_credentials(store.uri))
    before = remembered(folder, store.uri)
    synced.doubtful = before is not None and before.doubtful
    found = store.find_run(opening.key, group=opening.group)
    if found is not None:
        synced.run_id, synced.found = found, True
        if owner is not None:
            store.reopen_run(found, owner)
    else:
        if not store.local:
            remember(folder, Synced("", synced.uri, doubtful=True))
        tags = {name: str(value) for name, value in opening.tags.items()} | (owner_tags(owner) if owner else {})
        synced.run_id = store.create_run(opening.name, opening.key, tags, started=opening.started)
    remember(folder, synced)
    return synced


def describe(store: Store, synced: Synced, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a run still lacks; those that it has can't be given other values."""
    have = store.params(synced.run_id) if synced.found else set()
    return {name: value for name, value in params.items() if tracker_name(name) not in have}


def close_run(store: Store, synced: Synced, key: str, status: str, *, ended: float | None = None) -> None:
    """Ends the folder's run, and deletes what a lost answer may have made beside it."""
    store.close_run(synced.run_id, status, ended=ended)
    if synced.doubtful:
        store.delete_twins(key, keep=synced.run_id)
        synced.doubtful = False
    synced.status = status
