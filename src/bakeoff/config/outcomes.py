"""What became of the jobs of a multirun, wherever they ran.

One file a job, in a folder that all of them share: a launcher's own way of returning values ends with the first process
that dies.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bakeoff.errors import BakeoffError, ErrorGroup, TrialsFailed
from bakeoff.files import read_json, write_json

PARENT_CHECK_S = 1.0
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h
_CLOCK_TOLERANCE_S = 2.0
"""Systems tell the two starts of a process from clocks that are read one after the other."""
MAX_TOLD = 5


@dataclass(frozen=True)
class Outcome:
    """How one job ended.

    Attributes:
        overrides: what set it apart.
        result: what the pipeline's main function returned; None after an error.
        code: the error's code, such as ``trials.diverged``; None when all went well.
        why: the error's line.
    """

    overrides: list[str]
    result: Any = None
    code: str | None = None
    why: str | None = None

    @classmethod
    def of(cls, overrides: Sequence[str], result: Any, failure: BakeoffError | None) -> Outcome:
        """The outcome of a job that returned ``result`` or failed."""
        if failure is None:
            return cls(list(overrides), result)
        first = failure.errors[0] if isinstance(failure, ErrorGroup) else failure
        return cls(list(overrides), None, first.code, failure.line())


@dataclass
class Claim:
    """A job's right to run; ``outcome`` is set where it ran before, and is written at the end."""

    outcome: Outcome | None


@dataclass(frozen=True)
class Process:
    """A process that another can watch: its host and number, and when it started.

    When the clock is set, one of the two starts changes and the other does not: Linux counts from the boot.
    """

    host: str
    pid: int
    started: float
    """Unix seconds."""
    since_boot: float
    """Seconds from the boot to its start."""

    @classmethod
    def this(cls) -> Process:
        """The running one."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process of this host that has the number now."""
        import psutil

        booted = psutil.boot_time()
        started = psutil.Process(pid).create_time()
        return cls(socket.gethostname(), pid, started, started - booted)

    def is_alive(self) -> bool:
        """Whether it still runs; asked on its own host."""
        import psutil

        try:
            found = Process.of(self.pid)
            gap = min(abs(found.started - self.started), abs(found.since_boot - self.since_boot))
            return gap < _CLOCK_TOLERANCE_S and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a multirun's jobs, by number.

    Args:
        folder: one that all jobs can write to.
        parent: the process of the multirun.
    """

    folder: Path
    parent: Process

    @contextmanager
    def claim(self, number: int) -> Iterator[Claim]:
        """Waits until no other process runs this job, and writes its outcome at the end of the block."""
        from filelock import FileLock

        with FileLock(self._lock(number)):
            claim = Claim(self.read(number))
            before = claim.outcome
            yield claim
            if claim.outcome is not None and before is None:
                self.write(number, claim.outcome)

    def started(self, number: int) -> bool:
        """Whether a process has taken this job on."""
        return self._lock(number).exists()

    def read(self, number: int) -> Outcome | None:
        """A job's outcome; None while it has none."""
        try:
            return Outcome(**read_json(self.folder / f"{number}.json"))
        except FileNotFoundError:
            return None

    def write(self, number: int, outcome: Outcome) -> None:
        """Notes how a job ended."""
        write_json(self.folder / f"{number}.json", asdict(outcome), default=str)

    def check(self) -> None:
        """Says which jobs failed.

        Raises:
            TrialsFailed: some did.
        """
        numbers = sorted(int(path.stem) for path in self.folder.glob("*.json"))
        outcomes = [outcome for outcome in map(self.read, numbers) if outcome is not None]
        failed = [outcome for outcome in outcomes if outcome.code is not None]
        if not failed:
            return
        told = [f"{' '.join(outcome.overrides)} ({outcome.code})" for outcome in failed[:MAX_TOLD]]
        more = f", and {len(failed) - MAX_TOLD} more" if len(failed) > MAX_TOLD else ""
        problem = f"{len(failed)} of {len(outcomes)} jobs failed: {', '.join(told)}{more}"
        step = "the others' results stand; the same command goes on where this one ended"
        raise TrialsFailed("trials.failed", "-m", None, problem, next_step=step)

    def _lock(self, number: int) -> Path:
        return self.folder / f"{number}.lock"


_watching: set[Process] = set()


def end_with(parent: Process) -> None:
    """Ends this process soon after the multirun's; a queued Slurm job outlives it."""
    if "SLURM_JOB_ID" not in os.environ:
        end_soon_after(parent)


def die_with_parent() -> None:
    """Makes the kernel kill this process when its parent ends; forked children have to ask anew."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def end_soon_after(parent: Process) -> None:
    """Ends this process soon after another, however that one ended; does nothing on another host."""
    if socket.gethostname() != parent.host or os.getpid() == parent.pid or parent in _watching:
        return
    _watching.add(parent)

    def watch() -> None:
        while parent.is_alive():
            time.sleep(PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-sweep").start()
