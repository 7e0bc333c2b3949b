"""Processes that must know of each other: whether one still runs, ends with another, or is started unseen."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

PARENT_CHECK_S = 1.0
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h
_CLOCK_TOLERANCE_S = 2.0
"""Systems tell the two starts of a process from clocks that are read one after the other."""


@dataclass(frozen=True)
class Process:
    """A process that another can watch, told from a later one that was given the same number by when it started.

    When the clock is set, one of the two starts changes and the other does not: Linux counts from the boot.
    """

    host: str
    pid: int
    started: float
    """Unix seconds."""
    since_boot: float = 0.0
    """Seconds from the boot to its start; 0 where nobody noted it."""

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
        return cls(this_host(), pid, started, started - booted)

    def is_alive(self) -> bool:
        """Whether it still runs; asked on its own host."""
        import psutil

        try:
            found = Process.of(self.pid)
            gap = min(abs(found.started - self.started), abs(found.since_boot - self.since_boot))
            return gap < _CLOCK_TOLERANCE_S and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    @property
    def gone(self) -> bool:
        """Whether it has certainly ended; never said of a process on another machine."""
        return self.host == this_host() and not self.is_alive()


def this_host() -> str:
    """The machine's name, and on Linux the container: process numbers mean nothing outside of it."""
    namespace = Path("/proc/self/ns/pid")
    inside = namespace.readlink().name if namespace.is_symlink() else ""
    return f"{socket.gethostname()} {inside}".strip()


_watching: set[Process] = set()


def end_soon_after(parent: Process) -> None:
    """Ends this process soon after another, however that one ended; does nothing on another host."""
    if this_host() != parent.host or os.getpid() == parent.pid or parent in _watching:
        return
    _watching.add(parent)

    def watch() -> None:
        while parent.is_alive():
            time.sleep(PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-sweep").start()


def die_with_parent() -> None:
    """Makes the kernel kill this process when its parent ends; forked children have to ask anew."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


@contextmanager
def variable_set(name: str, value: str) -> Iterator[None]:
    """Within the block, an environment variable has this value."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def caller_hidden() -> Iterator[None]:
    """Keeps multiprocessing from importing the calling script again in every process, and what lies beside it.

    What it starts needs nothing of it, a script without a main guard would run again, and standard input can't be read
    twice. A ``queue.py`` or ``datasets.py`` in the current folder would be taken for the module of that name.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        with variable_set("PYTHONSAFEPATH", "1"):
            yield
    finally:
        sys.modules["__main__"] = main
