"""Copies a trial's folder to its MLflow run, as often as one likes: each call sends what is new since the last.

``mlflow.json`` in the folder remembers the run and how many records it has; a crash between sending and remembering
sends a few records twice, with the same values, steps and times, which MLflow keeps as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bakeoff.files import read_json, write_json
from bakeoff.tracking.store import Store
from bakeoff.training.metric_log import read_log

RESULT_METRICS = (
    "params",
    "train_flops",
    "train_seconds",
    "examples_seen",
    "examples_per_second",
    "peak_memory_mb",
    "epochs",
    "wall_seconds",
)
STATUS = {"finished": "FINISHED", "diverged": "FAILED", "failed": "FAILED", "killed": "KILLED"}


@dataclass
class Synced:
    """What the store has of a trial."""

    run_id: str
    uri: str
    records: int = 0
    status: str | None = None


def sync_trial(store: Store, uri: str, folder: Path, *, parent: str | None = None, ended: bool = False) -> bool:
    """Brings the run of the trial in ``folder`` up to date; True once the store has all of a finished trial.

    Args:
        store: where to.
        uri: the store's URI; a change of URI sends everything again.
        folder: the trial's.
        parent: the run of the bakeoff that the trial belongs to.
        ended: nothing more will come: a trial without a result was killed.
    """
    if not (folder / "run.json").exists():
        return False
    synced = _remembered(folder, uri)
    if synced is None:
        synced = Synced(_open(store, folder, parent), uri)
        _remember(folder, synced)
    elif synced.status == "KILLED" and not ended:
        store.reopen_run(synced.run_id)
        synced.status = None
    if synced.status in ("FINISHED", "FAILED"):
        return True
    records = read_log(folder / "metrics.jsonl")
    store.log(synced.run_id, metrics=[entry for record in records[synced.records :] for entry in _entries(record)])
    synced.records = max(synced.records, len(records))
    result = _result(folder)
    if result is not None:
        _send_result(store, synced.run_id, folder, result)
        synced.status = STATUS[result["status"]]
    elif ended:
        synced.status = "KILLED"
    if synced.status is not None:
        ended_at = result["started"] + result["wall_seconds"] if result and result["started"] else None
        store.close_run(synced.run_id, synced.status, ended=ended_at)
    _remember(folder, synced)
    return result is not None


def _open(store: Store, folder: Path, parent: str | None) -> str:
    """Makes the run, with its tags, its parameters and the full configuration."""
    label = read_json(folder / "run.json")
    tags = {name: label[name] for name in ("task", "data", "model", "family", "seed", "role", "trial_id", "contender")}
    if parent is not None:
        tags["mlflow.parentRunId"] = parent
    config = read_json(folder / "config.json")
    key = f"{label['bakeoff_id'] or 'train'}-{label['trial_id']}"
    tags = {name: str(value) for name, value in tags.items()}
    name = f"{label['contender']} seed {label['seed']}"
    run_id = store.open_run(name, key, tags, started=label.get("started"))
    store.log(run_id, params=flatten(config))
    store.artifact(run_id, folder / "config.json")
    return run_id


def _entries(record: Mapping[str, Any]) -> list[tuple[str, float, int, int]]:
    """One log record as MLflow metrics; the cost of getting there goes along with validations."""
    costs = ("epoch", "examples_seen", "flops", "seconds") if record["kind"] == "val" else ()
    names = [name for name in record if "/" in name or name == "lr"]
    milliseconds = int(1000 * record["time"])
    values = [(name, record[name]) for name in (*names, *costs)]
    return [(name, float(value), milliseconds, record["step"]) for name, value in values if value is not None]


def _send_result(store: Store, run_id: str, folder: Path, result: Mapping[str, Any]) -> None:
    milliseconds = int(1000 * (result["started"] + result["wall_seconds"]))
    values = {name: result[name] for name in RESULT_METRICS if result.get(name) is not None}
    values |= {f"best/{name}": value for name, value in result.get("validation", {}).items()}
    values |= {f"test/{name}": value for name, value in result.get("test", {}).items()}
    values |= {f"latency_ms/batch_{size}": value for size, value in result.get("latency_ms", {}).items()}
    numbers = [(name, float(value), milliseconds, 0) for name, value in values.items() if value is not None]
    tags = {"status": result["status"], "diverged": result["status"] == "diverged"}
    tags |= {name: result[name] for name in ("data_fingerprint", "why") if result.get(name)}
    store.log(run_id, metrics=numbers, tags={name: str(value) for name, value in tags.items()})
    for name in ("result.json", "spec.json", "environment.json"):
        if (folder / name).exists():
            store.artifact(run_id, folder / name)


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"optimizer.lr": 0.003, ...}``; lists stay whole."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat


def _remembered(folder: Path, uri: str) -> Synced | None:
    path = folder / "mlflow.json"
    if not path.exists():
        return None
    synced = Synced(**read_json(path))
    return synced if synced.uri == uri else None


def _remember(folder: Path, synced: Synced) -> None:
    write_json(folder / "mlflow.json", asdict(synced))


def _result(folder: Path) -> dict[str, Any] | None:
    try:
        return read_json(folder / "result.json")
    except (FileNotFoundError, json.JSONDecodeError):
        return None
