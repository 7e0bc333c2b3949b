"""Files that are either whole or not there: written beside, flushed to disk, then moved into place."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def atomic_writer(path: Path, *, previous: Path | None = None) -> Iterator[IO[bytes]]:
    """A binary file, also to be read, that replaces ``path`` when the block ends well and else leaves it untouched.

    Args:
        path: the file.
        previous: where to keep what ``path`` held before; None keeps nothing. A kill between the two moves leaves that
            file alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
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


def unfinished_of(path: Path) -> list[Path]:
    """What `atomic_writer` leaves beside ``path`` where its process is killed."""
    return list(path.parent.glob(f".{path.name}.*"))


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
