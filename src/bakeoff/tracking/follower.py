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
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from bakeoff.errors import TrackerNotSynced
from bakeoff.tracking.settings import Tracking
from bakeoff.tracking.watch import Kind, Watch

CLOSE = "close"
"""The last line of an orderly end; without it, the parent was killed, and the rest is hurried."""
MOST_RESTARTS = 3
"""Of a process that died, for want of memory perhaps; the next goes on from what the folders remember."""
LONGEST_LEAVE_S = 10.0
"""What the end of a program waits for a process that should have gone in half the time."""
_MAIN = "import sys; sys.path[:] = {path!r}; from bakeoff.tracking.following import main; main()"
"""It finds modules where the parent does: ``-m`` would take a ``queue.py`` in the current folder for Python's own."""


class Follower:
    """The parent's side: starts the process with the first folder; it ends with the program at the latest."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._watches: list[Watch] = []
        self._restarts = 0
        self._lock = threading.RLock()
        atexit.register(self.leave)

    def watch(self, kind: Kind, folder: Path, *, tracking: Tracking, root: Path, experiment: str) -> None:
        """Follows a trial's or a bakeoff's folder from now on; does nothing where tracking is off.

        Of several processes that train one run together, the first one tracks it.
        """
        if not tracking.enabled or int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) > 0:
            return
        watch = Watch.of(kind, folder, tracking=tracking, root=root, experiment=experiment)
        watch.remember()
        with self._lock:
            self._watches.append(watch)
            try:
                self._tell([watch])
            except OSError:  # it died just now
                self._process = None
                self._tell(self._watches)

    def _tell(self, watches: list[Watch]) -> None:
        if self._process is None:
            command = [sys.executable, "-c", _MAIN.format(path=sys.path)]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, start_new_session=True
            )
            threading.Thread(target=self._restart_after, args=(self._process,), daemon=True).start()
        assert self._process.stdin is not None
        self._process.stdin.write("".join(json.dumps(asdict(watch)) + "\n" for watch in watches))
        self._process.stdin.flush()

    def _restart_after(self, process: subprocess.Popen[str]) -> None:
        """Waits for the end of a process, and has another go on if nobody asked for it."""
        process.wait()
        with self._lock:
            if self._process is process and self._restarts < MOST_RESTARTS:
                self._process, self._restarts = None, self._restarts + 1
                with suppress(OSError):  # so did this one; its own thread sees to it
                    self._tell(self._watches)

    def leave(self) -> None:
        """At the end of a program that did not close it, as after a signal: the process sends the rest in a hurry."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(timeout=LONGEST_LEAVE_S)
            except subprocess.TimeoutExpired:  # what this program forked holds the pipe open, and may live on for long
                process.kill()

    def close(self, timeout_s: float = 120.0) -> str | None:
        """Lets the process send the rest; None when the store has everything, else why it has not."""
        with self._lock:
            process, self._process = self._process, None
            self._watches = []
        if process is None:
            return None
        try:
            answer, _ = process.communicate(f"{CLOSE}\n", timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return f"the store took longer than {timeout_s:.0f} s"
        return _why(answer)

    def settle(self, what: str = "this") -> None:
        """Waits until the store has everything.

        Raises:
            TrackerNotSynced: it has not; the local logs have.
        """
        why = self.close()
        if why is not None:
            problem = f"MLflow does not have all of {what} yet: {why}"
            step = "the results are safe in the output folder; bakeoff sync FOLDER sends them"
            raise TrackerNotSynced("tracking.not_synced", "tracking.uri", None, problem, next_step=step)


def _why(answer: str) -> str | None:
    """What the process said of the store in the last line of its output; libraries may print before."""
    *_, last = ["", *answer.splitlines()]
    try:
        why: str | None = json.loads(last)["why"]
    except (ValueError, TypeError, KeyError):
        return "the process that sends runs died"
    return why
