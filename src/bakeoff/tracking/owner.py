"""Which process works on a run, so that a run whose process is gone can be told from one that goes on."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

_CLOCK_TOLERANCE_S = 2.0
"""The start of a process is told relative to the boot, whose time moves when the clock is set."""


@dataclass(frozen=True)
class Owner:
    """A process, told from a later one that was given the same number by when it started (Unix seconds)."""

    host: str
    pid: int
    started: float

    @classmethod
    def this(cls) -> Owner:
        """The calling process."""
        return cls(this_host(), os.getpid(), round(psutil.Process().create_time(), 2))

    @classmethod
    def from_tags(cls, host: str, text: str) -> Owner:
        """What `tags` wrote."""
        pid, _, started = text.partition(":")
        return cls(host, int(pid), float(started))

    def tags(self) -> dict[str, str]:
        """As the tags of a run."""
        return {"bakeoff.host": self.host, "bakeoff.owner": f"{self.pid}:{self.started:.2f}"}

    @property
    def gone(self) -> bool:
        """Whether it has certainly ended; never said of a process on another machine."""
        if self.host != this_host():
            return False
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            return abs(process.create_time() - self.started) > _CLOCK_TOLERANCE_S
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


def this_host() -> str:
    """The machine's name, and on Linux the container: process numbers mean nothing outside of it."""
    namespace = Path("/proc/self/ns/pid")
    inside = namespace.readlink().name if namespace.is_symlink() else ""
    return f"{socket.gethostname()} {inside}".strip()
