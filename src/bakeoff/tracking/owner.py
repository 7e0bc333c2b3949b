"""Which process works on a run, so that a run whose process is gone can be told from one that goes on."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

from bakeoff.config.outcomes import Process


@dataclass(frozen=True)
class Owner:
    """A process, told from a later one that was given the same number by when it started.

    ``started`` is in Unix seconds, ``since_boot`` in seconds since the boot, or 0 where nobody noted it.
    """

    host: str
    pid: int
    started: float
    since_boot: float = 0.0

    @classmethod
    def this(cls) -> Owner:
        """The calling process."""
        found = Process.this()
        return cls(this_host(), found.pid, round(found.started, 2), round(found.since_boot, 2))

    @classmethod
    def from_tags(cls, host: str, text: str) -> Owner:
        """What `tags` wrote."""
        pid, *starts = text.split(":")
        return cls(host, int(pid), *map(float, starts))

    def tags(self) -> dict[str, str]:
        """As the tags of a run."""
        return {"bakeoff.host": self.host, "bakeoff.owner": f"{self.pid}:{self.started:.2f}:{self.since_boot:.2f}"}

    @property
    def gone(self) -> bool:
        """Whether it has certainly ended; never said of a process on another machine."""
        if self.host != this_host():
            return False
        try:
            return not Process(socket.gethostname(), self.pid, self.started, self.since_boot).is_alive()
        except psutil.AccessDenied:
            return False


def this_host() -> str:
    """The machine's name, and on Linux the container: process numbers mean nothing outside of it."""
    namespace = Path("/proc/self/ns/pid")
    inside = namespace.readlink().name if namespace.is_symlink() else ""
    return f"{socket.gethostname()} {inside}".strip()
