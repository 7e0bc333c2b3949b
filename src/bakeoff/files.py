"""Files that are either whole or not there: written beside, flushed to disk, then moved into place."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import math
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from bakeoff.errors import EnvironmentFault

_HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
_UNFINISHED = f".{_HOST}.part"
"""How the name ends of a file that is being written on this machine; not every file system knows of others' locks."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
_NO_ROOM_SIGNS = ("No space left on device", "Disk quota exceeded", "database or disk is full", "Read-only file system")
"""What libraries say of it that raise an error of their own."""


def is_no_room(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that nothing more can be written: full, over quota, read-only."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return True
        if any(sign in str(error) for sign in _NO_ROOM_SIGNS):
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def no_room(error: BaseException) -> EnvironmentFault:
    """The error of the user's machine that `is_no_room` recognised."""
    path = getattr(error, "filename", None)
    problem = f"nothing more can be written ({getattr(error, 'strerror', None) or error})"
    step = "free some space: what was finished is kept, and the same command goes on from there"
    return EnvironmentFault("env.disk_full", "output_dir", path, problem, next_step=step)


@contextmanager
def atomic_writer(path: Path, *, previous: Path | None = None) -> Iterator[IO[bytes]]:
    """A binary file, also to be read, that replaces ``path`` when the block ends well and else leaves it untouched.

    Args:
        path: the file.
        previous: where to keep what ``path`` held before; None keeps nothing. A kill between the two moves leaves that
            file alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = _begin(path)
    try:
        with os.fdopen(descriptor, "w+b") as file:  # which ends the lock, once the file has its own name
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            if previous is not None and path.exists():
                path.replace(previous)
            temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def clear_unfinished(folder: Path) -> None:
    """Removes what killed processes of this machine left in a folder when they were writing.

    A writer that lives holds a lock on its file, which the kernel lifts at its end, whatever that is. What can't be
    locked stays.
    """
    for path in folder.glob(f".*{_UNFINISHED}"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)


def _begin(path: Path) -> tuple[int, Path]:
    """A new locked file beside ``path``."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_UNFINISHED, dir=path.parent)
        with suppress(OSError):  # a file system without locks: then nobody takes this one for a dead writer's either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # it was cleared away before it was locked


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any, *, default: Callable[[Any], Any] | None = None) -> None:
    """Writes ``value`` as JSON, atomically; NaN and infinities become null, since JSON has none."""
    text = json.dumps(finite(value), indent=1, default=default, allow_nan=False)
    with atomic_writer(path) as file:
        file.write(text.encode() + b"\n")


def read_json(path: Path) -> Any:
    """The value that `write_json` wrote."""
    return json.loads(path.read_text())


def finite(value: Any) -> Any:
    """``value`` with every NaN and infinity replaced by None, through lists and mappings."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
