"""Copies a bakeoff's folder to MLflow: a parent run for the bakeoff, a child run for each trial."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bakeoff.files import read_json, write_json
from bakeoff.tracking.store import Store
from bakeoff.tracking.trial_sync import Synced, flatten, sync_trial

ARTIFACTS = ("plan.json", "manifest.json", "verdict.json", "report.html", "verdict.md", "scores.parquet")


def sync_bakeoff(store: Store, uri: str, folder: Path, *, ended: bool = False) -> bool:
    """Brings the runs of the bakeoff in ``folder`` up to date; True once the store has all of a finished bakeoff.

    Args:
        store: where to.
        uri: the store's URI.
        folder: the bakeoff's.
        ended: nothing more will come: what has no result was killed.
    """
    if not (folder / "plan.json").exists():
        return False
    plan = read_json(folder / "plan.json")
    synced = _parent(store, uri, folder, plan)
    trials = sorted(path.parent for path in folder.glob("trials/*/run.json"))
    done = [sync_trial(store, uri, trial, parent=synced.run_id, ended=ended) for trial in trials]
    if not ended:
        return False
    verdict = folder / "verdict.json"
    if verdict.exists() and (folder / "report.html").exists():
        _send_verdict(store, synced, folder)
    else:
        store.close_run(synced.run_id, "KILLED")
    return all(done) and verdict.exists()


def _parent(store: Store, uri: str, folder: Path, plan: dict[str, Any]) -> Synced:
    """The bakeoff's own run, made at the first call."""
    path = folder / "mlflow.json"
    if path.exists():
        synced = Synced(**read_json(path))
        if synced.uri == uri:
            return synced
    tags = {"role": "bakeoff", "task": plan["task"]["name"], "data": plan["data"]["name"]}
    tags |= {"trial_id": plan["bakeoff_id"], "data_fingerprint": plan["data"]["fingerprint"]}
    tags |= {"git_revision": str(plan["environment"].get("git_revision"))}
    run_id = store.open_run(f"bakeoff {plan['bakeoff_id']}", f"bakeoff-{plan['bakeoff_id']}", tags)
    names = [contender["name"] for contender in plan["contenders"]]
    about = {"contenders": names, "seeds": plan["seeds"], "budget": plan["budget"], "environment": plan["environment"]}
    store.log(run_id, params=flatten(about))
    store.artifact(run_id, folder / "plan.json")
    synced = Synced(run_id, uri)
    write_json(path, asdict(synced))
    return synced


def _send_verdict(store: Store, synced: Synced, folder: Path) -> None:
    """The verdict's word and winner as tags, the leaderboard as metrics, the files as artifacts; once a verdict."""
    digest = hashlib.sha256((folder / "verdict.json").read_bytes() + (folder / "report.html").read_bytes()).hexdigest()
    if synced.status == digest:
        return
    verdict = read_json(folder / "verdict.json")
    now = int(1000 * time.time())
    rows = verdict["leaderboard"]
    metrics = [
        (f"test/{metric}/{row['name']}", float(value["mean"]), now, 0)
        for row in rows
        for metric, value in row["test"].items()
    ]
    tags = {"verdict": verdict["verdict"], "winner": str(verdict["winner"]), "mlflow.note.content": verdict["sentence"]}
    store.log(synced.run_id, metrics=metrics, tags=tags)
    for name in ARTIFACTS:
        if (folder / name).exists():
            store.artifact(synced.run_id, folder / name)
    store.close_run(synced.run_id, "FINISHED")
    synced.status = digest
    write_json(folder / "mlflow.json", asdict(synced))
