"""Whether a process that was killed was killed for want of memory: the kernel counts what its OOM killer does."""

from __future__ import annotations

from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_EVERYWHERE = Path("/proc/vmstat")


class KernelKills:
    """The OOM killer's victims since this was made, each reported once.

    The counters are of this process's control group, or of the machine where that one has none. They do not name the
    victim: one that died in the same second as another process that was killed by hand can be taken for it.
    """

    def __init__(self) -> None:
        self._seen = kills()

    def take(self) -> bool:
        """Whether there is a victim that was not reported yet."""
        if kills() <= self._seen:
            return False
        self._seen += 1
        return True


def kills() -> int:
    """How many processes the OOM killer has killed so far; 0 where nothing counts them."""
    for path in (*_own_counters(), _EVERYWHERE):
        count = _count(path)
        if count is not None:
            return count
    return 0


def _own_counters() -> list[Path]:
    """Where this process's control group counts, in version 2 and in version 1; a container sees it as the root."""
    found = []
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            found += [_CGROUPS / path.strip("/") / "memory.events", _CGROUPS / "memory.events"]
        elif "memory" in controllers.split(","):
            home = _CGROUPS / "memory"
            found += [home / path.strip("/") / "memory.oom_control", home / "memory.oom_control"]
    return found


def _count(path: Path) -> int | None:
    """The value of the line ``oom_kill N``."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
