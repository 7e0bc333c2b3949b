"""Copies a trial's folder to its MLflow run, as often as one likes: each call sends what is new since the last.

``mlflow.json`` in the folder remembers the run and how many records it has; a crash between sending and remembering
sends a few records twice, with the same values, steps and times, which MLflow keeps as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

from bakeoff.config.processes import Process
from bakeoff.files import read_json
from bakeoff.record.layout import CONFIG, ENVIRONMENT, ERROR, METRICS, RESULT, RUN, SPEC, SYSTEM
from bakeoff.record.reading import parsed_object
from bakeoff.record.trials import RecordedTrial
from bakeoff.tracking.batches import Entry, flatten
from bakeoff.tracking.log_tail import LogTail
from bakeoff.tracking.secrets import mask_text
from bakeoff.tracking.store import Store
from bakeoff.tracking.synced import Opening, Synced, close_run, describe, open_run, remember, remembered
from bakeoff.tracking.watch import folder_identity

RESULT_METRICS = (
    "params",
    "train_flops",
    "train_seconds",
    "examples_seen",
    "examples_per_second",
    "peak_memory_mb",
    "energy_j",
    "co2e_g",
    "epochs",
    "wall_seconds",
)
RESULT_FILES = (RESULT, SPEC, ENVIRONMENT)
TAGS = ("task", "data", "model", "family", "seed", "role", "trial_id", "contender")
COSTS = ("epoch", "examples_seen", "flops", "seconds")
"""What goes along with validations."""
LONGEST_ERROR = 500
"""Characters of an error's line that go along as a tag."""
STATUS = {"finished": "FINISHED", "pruned": "FINISHED", "killed": "KILLED"}
"""What a result's status is in MLflow; any other is FAILED."""


class TrialSync:
    """A trial's folder on its way to the store.

    Args:
        folder: the trial's.
        owner: the process that works on it; None where nobody does.
        parent: the run of the bakeoff that the trial belongs to, and what tells the bakeoff's folder from others.
        check: asks the store whether it still has the run that the folder remembers.
    """

    def __init__(
        self, folder: Path, *, owner: Process | None = None, parent: tuple[str, str] | None = None, check: bool = False
    ) -> None:
        self.folder = folder
        self.owner = owner
        self.parent = parent
        self.check = check
        self.done = False
        """Whether the store has all of a finished trial."""
        self.sent = 0
        """Records, samples and results that were sent."""
        self._log = LogTail(folder / METRICS)
        self._system = LogTail(folder / SYSTEM)
        self._opened = False

    def send(self, store: Store, *, ended: bool = False) -> bool:
        """Brings the run up to date; True once the store has all of a finished trial.

        Args:
            store: where to; another store than the last is sent everything.
            ended: nothing more will come: a trial without a result was killed.
        """
        if self.done or not (self.folder / RUN).exists():
            return self.done
        result = RecordedTrial.found(self.folder)
        synced = remembered(self.folder, store.uri)
        if self.check and synced is not None and self._found(store) != synced.run_id:
            synced = None
        self.check = False
        if synced is not None and synced.complete and result is not None and synced.status == mlflow_status(result):
            self.done = True
            return True
        synced = self._open(store, synced, resumed=not ended and result is None)
        self._send_news(store, synced, result, ended=ended)
        self.done = result is not None
        return self.done

    def _found(self, store: Store) -> str | None:
        key, group = self._key()
        return store.find_run(key, group=group)

    def _key(self) -> tuple[str, str | None]:
        """What the run is recognised by, and what the keys of its bakeoff's other runs begin with."""
        label = read_json(self.folder / RUN)
        if self.parent is not None:
            group = f"{label['bakeoff_id']}-{self.parent[1]}-"
            return f"{group}{label['trial_id']}", group
        return f"train-{label['trial_id']}-{folder_identity(self.folder)}", None

    def _open(self, store: Store, synced: Synced | None, *, resumed: bool) -> Synced:
        """The run; one that goes on is marked as running, by this owner."""
        owner = self.owner if resumed else None
        if synced is None or not synced.run_id:
            synced = open_run(store, self.folder, self._opening(), owner)
        elif owner is not None and not self._opened:
            store.reopen_run(synced.run_id, owner)
            synced.status = None
        self._opened = True
        return synced

    def _opening(self) -> Opening:
        label = read_json(self.folder / RUN)
        tags = {name: label[name] for name in TAGS} | ({"mlflow.parentRunId": self.parent[0]} if self.parent else {})
        key, group = self._key()
        return Opening(f"{label['contender']} seed {label['seed']}", key, tags, group, label.get("started"))

    def _send_news(self, store: Store, synced: Synced, result: RecordedTrial | None, *, ended: bool) -> None:
        """What the store lacks, in one batch where it fits."""
        before = copy(synced)
        records, samples = self._log.after(synced.records), self._system.after(synced.system)
        metrics = [entry for record in (*records, *samples) for entry in entries(record)]
        tags: dict[str, str] = {}
        failure = parsed_object(self.folder / ERROR) if ended and result is None else None
        if result is not None:
            metrics, tags = metrics + result_metrics(result), result_tags(result)
        elif failure is not None:
            tags = {"status": "failed", "last_error": mask_text(failure["why"])[:LONGEST_ERROR]}
        params = {} if synced.described else describe(store, synced, flatten(read_json(self.folder / CONFIG)))
        store.log(synced.run_id, metrics=metrics, params=params, tags=tags)
        files = () if synced.described else (CONFIG,)
        for name in (*files, *(RESULT_FILES if result is not None else ())):
            if (self.folder / name).exists():
                store.artifact(synced.run_id, self.folder / name)
        synced.described, synced.errored = True, failure is not None
        synced.records += len(records)
        synced.system += len(samples)
        self._close(store, synced, result, status=status_of(result, failure, ended=ended))
        self.sent += len(metrics)
        if synced != before:
            remember(self.folder, synced)

    def _close(self, store: Store, synced: Synced, result: RecordedTrial | None, *, status: str | None) -> None:
        if status is None or status == synced.status:
            return
        ended_at = result.ended if result is not None else last_sign_of_life(self.folder)
        close_run(store, synced, self._key()[0], status, ended=ended_at)


def status_of(result: RecordedTrial | None, failure: Mapping[str, Any] | None, *, ended: bool) -> str | None:
    """A run's status in MLflow; None while it goes on.

    Args:
        result: the trial's, once it has one.
        failure: the error that ended it without one.
        ended: nothing more will come.
    """
    if result is not None:
        return mlflow_status(result)
    if not ended:
        return None
    return "KILLED" if failure is None else "FAILED"


def mlflow_status(result: RecordedTrial) -> str:
    """A result's status; a trial that was killed twice may run again, and have another one than the store knows."""
    return STATUS.get(result.status, "FAILED")


def entries(record: Mapping[str, Any]) -> list[Entry]:
    """One log record as MLflow metrics; the cost of getting there goes along with validations."""
    costs = COSTS if record.get("kind") == "val" else ()
    names = [name for name in record if "/" in name or name == "lr"]
    milliseconds = int(1000 * record["time"])
    values = [(name, record.get(name)) for name in (*names, *costs)]
    return [(name, float(value), milliseconds, record["step"]) for name, value in values if value is not None]


def result_metrics(result: RecordedTrial) -> list[Entry]:
    """The figures of a finished trial."""
    milliseconds = int(1000 * (result.ended or 0.0))
    values: dict[str, float | None] = {name: getattr(result, name) for name in RESULT_METRICS}
    values |= {f"best/{name}": value for name, value in result.validation.items()}
    values |= {f"test/{name}": value for name, value in result.test.items()}
    values |= {f"latency_ms/batch_{size}": value for size, value in result.latency_ms.items()}
    return [(name, float(value), milliseconds, 0) for name, value in values.items() if value is not None]


def result_tags(result: RecordedTrial) -> dict[str, str]:
    """What became of a trial."""
    tags = {"status": result.status, "diverged": str(result.status == "diverged")}
    named = {"data_fingerprint": result.data_fingerprint, "why": result.why}
    return tags | {name: value for name, value in named.items() if value}


def last_sign_of_life(folder: Path) -> float | None:
    """When a killed trial last wrote to its log, in Unix seconds; None where it never did."""
    log = folder / METRICS
    return log.stat().st_mtime if log.exists() else None
