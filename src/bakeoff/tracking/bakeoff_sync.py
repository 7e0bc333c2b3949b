"""Copies a bakeoff's folder to MLflow: a parent run for the bakeoff, a child run for each trial."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from bakeoff.config.processes import Process
from bakeoff.record.layout import MANIFEST, PLAN, REPORT, RUN, SCORES, SUMMARY, SYSTEM, VERDICT, trials_with
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import read
from bakeoff.record.verdict import RecordedVerdict
from bakeoff.tracking.batches import flatten
from bakeoff.tracking.log_tail import LogTail
from bakeoff.tracking.store import Store
from bakeoff.tracking.synced import Opening, Synced, close_run, describe, open_run, remember, remembered
from bakeoff.tracking.trial_sync import TrialSync, entries
from bakeoff.tracking.watch import folder_identity

ARTIFACTS = (PLAN, MANIFEST, VERDICT, REPORT, SUMMARY, SCORES)


class BakeoffSync:
    """A bakeoff's folder on its way to the store; a trial that the store has all of is never looked at again.

    Args:
        folder: the bakeoff's.
        owner: the process that works on it; None where nobody does.
        check: asks the store whether it still has the runs that the folders remember.
    """

    def __init__(self, folder: Path, *, owner: Process | None = None, check: bool = False) -> None:
        self.folder = folder
        self.owner = owner
        self.check = check
        self.trials: dict[str, TrialSync] = {}
        self._system = LogTail(folder / SYSTEM)
        self._opened = False

    @property
    def sent(self) -> int:
        """Records, samples and results of trials that were sent."""
        return sum(trial.sent for trial in self.trials.values())

    def send(self, store: Store, *, ended: bool = False) -> bool:
        """Brings the runs up to date; True once the store has all of a finished bakeoff.

        Args:
            store: where to.
            ended: nothing more will come: what has no result was killed.

        Raises:
            MlflowException: the store refused something of a trial; the others were sent all the same.
        """
        if not (self.folder / PLAN).exists():
            return False
        synced = self._parent(store, ended=ended)
        done = self._send_trials(store, synced, ended=ended)
        if not ended:
            return False
        if self._verdict_files():
            self._send_verdict(store, synced)
        elif synced.status != "KILLED":
            close_run(store, synced, self._key(), "KILLED")
            remember(self.folder, synced)
        return done and bool(self._verdict_files())

    def _send_trials(self, store: Store, synced: Synced, *, ended: bool) -> bool:
        refused: MlflowException | None = None
        parent = (synced.run_id, folder_identity(self.folder))
        for folder in trials_with(self.folder, RUN):
            trial = self.trials.get(folder.name)
            if trial is None:
                trial = TrialSync(folder, owner=self.owner, parent=parent, check=self.check)
                self.trials[folder.name] = trial
            try:
                trial.send(store, ended=ended)
            except MlflowException as error:
                store.probe()
                refused = error
        if refused is not None:
            raise refused
        return all(trial.done for trial in self.trials.values())

    def _key(self) -> str:
        return f"bakeoff-{self._plan().bakeoff_id}-{folder_identity(self.folder)}"

    def _parent(self, store: Store, *, ended: bool) -> Synced:
        """The bakeoff's own run, made at the first call, with its plan and what its machine did."""
        synced = remembered(self.folder, store.uri)
        if self.check and synced is not None and store.find_run(self._key()) != synced.run_id:
            synced = None
        self.check = self.check and not self._opened
        owner = None if ended or self._verdict_files() else self.owner
        if synced is None or not synced.run_id:
            synced = open_run(store, self.folder, self._opening(), owner)
        elif owner is not None and not self._opened:
            store.reopen_run(synced.run_id, owner)
            synced.status = None
        self._opened = True
        before = copy(synced)
        samples = self._system.after(synced.system)
        params = {} if synced.described else describe(store, synced, flatten(self._about()))
        store.log(synced.run_id, metrics=[entry for sample in samples for entry in entries(sample)], params=params)
        if not synced.described:
            store.artifact(synced.run_id, self.folder / PLAN)
        synced.described, synced.system = True, synced.system + len(samples)
        if synced != before:
            remember(self.folder, synced)
        return synced

    def _plan(self) -> RecordedPlan:
        return RecordedPlan.from_dict(read(self.folder / PLAN))

    def _opening(self) -> Opening:
        plan = self._plan()
        tags = {"role": "bakeoff", "task": plan.task, "data": plan.data, "trial_id": plan.bakeoff_id}
        tags |= {"data_fingerprint": plan.fingerprint, "git_revision": str(plan.environment.get("git_revision"))}
        return Opening(f"bakeoff {plan.bakeoff_id}", self._key(), tags)

    def _about(self) -> Mapping[str, Any]:
        plan = self._plan()
        names = [contender.name for contender in plan.contenders]
        return {"contenders": names} | {name: plan.raw[name] for name in ("seeds", "budget", "environment")}

    def _verdict_files(self) -> list[Path]:
        """The verdict and its report, where both are written."""
        files = [self.folder / VERDICT, self.folder / REPORT]
        return files if all(file.exists() for file in files) else []

    def _send_verdict(self, store: Store, synced: Synced) -> None:
        """The verdict's word and winner as tags, the leaderboard as metrics, the files as artifacts; once a verdict."""
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in self._verdict_files())).hexdigest()
        if (synced.verdict, synced.status) == (digest, "FINISHED"):
            return
        verdict = RecordedVerdict.from_dict(read(self.folder / VERDICT))
        now = int(1000 * time.time())
        metrics = [
            (f"test/{metric}/{row.name}", float(value.mean), now, 0)
            for row in verdict.leaderboard
            for metric, value in row.test.items()
            if value.mean is not None  # no number, such as the infinite perplexity of one failed trial
        ]
        tags = {"verdict": verdict.verdict, "winner": str(verdict.winner)}
        store.log(synced.run_id, metrics=metrics, tags=tags | {"mlflow.note.content": verdict.sentence})
        for name in ARTIFACTS:
            if (self.folder / name).exists():
                store.artifact(synced.run_id, self.folder / name)
        close_run(store, synced, self._key(), "FINISHED", ended=(self.folder / REPORT).stat().st_mtime)
        synced.verdict = digest
        remember(self.folder, synced)
