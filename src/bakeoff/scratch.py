"""A folder of a command's own for temporary files, so that what hard kills leave of it is found and cleared."""

from __future__ import annotations

import fcntl
import getpass
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX, SUFFIX = "bakeoff-", ".tmp"
_LONGEST = 50
"""Characters of its path: below it lie sockets, whose paths have at most 107."""


class Scratch:
    """``TMPDIR`` of this process and of those that it starts, until it is closed.

    A living command holds a lock on its folder, which the kernel lifts at its end, whatever that is; folders without
    one are cleared.
    """

    def __init__(self) -> None:
        self.before = Path(tempfile.gettempdir())
        for left in self.before.glob(f"{PREFIX}*{SUFFIX}"):
            with suppress(OSError):
                os.close(_lock(left))
                shutil.rmtree(left, ignore_errors=True)
        self.folder, self._descriptor = _new(self.before)
        # Outlives a command on purpose: what torch compiled.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(self.before / f"torchinductor_{getpass.getuser()}"))
        if len(str(self.folder)) <= _LONGEST:
            os.environ["TMPDIR"] = tempfile.tempdir = str(self.folder)

    def close(self) -> None:
        """Removes it with all that lies in it; whoever is late finds the folder of before."""
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.before)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._descriptor)


def _new(root: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, suffix=SUFFIX, dir=root))
        with suppress(OSError):  # another command took it for a dead one's before it was locked
            return folder, _lock(folder)


def _lock(folder: Path) -> int:
    """The descriptor that holds a folder's lock.

    Raises:
        OSError: another process holds it, or the folder is gone.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder.stat()
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
