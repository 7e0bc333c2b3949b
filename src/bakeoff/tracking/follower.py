"""A process beside the work that follows local logs and sends them to MLflow.

Training never waits for a tracker, and never fails with it: the only thing that touches MLflow is this process. It is
told on its standard input which folders to follow, one JSON object a line. The end of that input, also when the parent
was killed, makes it send the rest, mark what has no result as KILLED, say what became of it on its standard output,
and exit.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock

from bakeoff.tracking.settings import Tracking

if TYPE_CHECKING:
    from bakeoff.tracking.store import Store

Stores = dict[tuple[str, str], "Store"]


@dataclass(frozen=True)
class Watch:
    """A folder to follow."""

    kind: Literal["trial", "bakeoff"]
    folder: str
    uri: str
    experiment: str
    artifacts: str
    every_s: float


class Follower:
    """The parent's side: starts the process with the first folder, and closes it at the end of the program."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        atexit.register(self.close)

    def watch(
        self, kind: Literal["trial", "bakeoff"], folder: Path, *, tracking: Tracking, root: Path, experiment: str
    ) -> None:
        """Follows a trial's or a bakeoff's folder from now on; does nothing where tracking is off."""
        if not tracking.enabled:
            return
        if self._process is None:
            command = [sys.executable, "-m", "bakeoff.tracking.follower"]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, start_new_session=True
            )
        watch = Watch(
            kind=kind,
            folder=str(folder.resolve()),
            uri=tracking.store(root),
            experiment=tracking.experiment or experiment,
            artifacts=str((root / "mlflow-artifacts").resolve()),
            every_s=tracking.every_s,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(watch)) + "\n")
        self._process.stdin.flush()

    def close(self, timeout_s: float = 120.0) -> str | None:
        """Lets the process send the rest; None when the store has everything, else why it has not."""
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            answer, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return f"the store took longer than {timeout_s:.0f} s"
        why: str | None = json.loads(answer)["why"] if answer.strip() else "the process that sends runs died"
        return why


def main() -> None:
    """The process: passes over all watched folders every few seconds until its input ends."""
    os.nice(5)
    inbox: queue.Queue[Watch | None] = queue.Queue()
    threading.Thread(target=_read, args=(inbox,), daemon=True).start()
    watches: list[Watch] = []
    stores: Stores = {}
    why, ended = None, False
    while not ended:
        wait = min((watch.every_s for watch in watches), default=None)
        try:
            message = inbox.get(timeout=wait)
            ended = message is None
            if message is not None:
                watches.append(message)
        except queue.Empty:
            pass
        why = _pass(watches, stores, ended=ended)
    print(json.dumps({"why": why}))


def _read(inbox: queue.Queue[Watch | None]) -> None:
    for line in sys.stdin:
        inbox.put(Watch(**json.loads(line)))
    inbox.put(None)


def _pass(watches: list[Watch], stores: Stores, *, ended: bool) -> str | None:
    """One pass over the folders; returns why the store has not everything, or None. Finished trials are let go."""
    from bakeoff.tracking.bakeoff_sync import sync_bakeoff  # mlflow takes seconds to import, after the first request
    from bakeoff.tracking.store import Store
    from bakeoff.tracking.trial_sync import sync_trial

    why = None
    for watch in list(watches):
        try:
            address = (watch.uri, watch.experiment)
            if address not in stores:
                stores[address] = Store(*address, Path(watch.artifacts))
            sync = sync_trial if watch.kind == "trial" else sync_bakeoff
            with FileLock(Path(watch.folder) / ".tracking.lock", timeout=30.0):  # one that lost its parent may be at it
                if sync(stores[address], watch.uri, Path(watch.folder), ended=ended):
                    watches.remove(watch)
        except Exception as error:  # whatever ails the store, the local log stands and the next pass tries again
            why = f"{type(error).__name__}: {error}"
    return why


if __name__ == "__main__":
    main()
