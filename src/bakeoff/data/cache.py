"""Prepared data on disk: built once by whoever comes first, complete or absent, shared by every process after."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from bakeoff.errors import EnvironmentFault
from bakeoff.files import is_no_room


def cache_root() -> Path:
    """``$BAKEOFF_CACHE``, else ``$XDG_CACHE_HOME/bakeoff``, else ``~/.cache/bakeoff``.

    Raises:
        EnvironmentFault: there is no home folder.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    given = os.environ.get("BAKEOFF_CACHE") or str(Path(base) / "bakeoff")
    try:
        return Path(given).expanduser().absolute()
    except RuntimeError as error:
        problem, step = "this user has no home folder", "set the environment variable BAKEOFF_CACHE to a folder"
        raise EnvironmentFault("env.no_home", "BAKEOFF_CACHE", given, problem, next_step=step) from error


def digest(plain: object) -> str:
    """A short hash of plain JSON types, the same in every process and version of Python."""
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=16).hexdigest()


def hash_arrays(*arrays: NDArray[np.generic]) -> str:
    """A short hash of arrays: their shapes, types and bytes."""
    state = hashlib.blake2b(digest_size=16)
    for array in arrays:
        state.update(f"{array.shape}{array.dtype.str}".encode())
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()


def cached_folder(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder that ``build`` filled for this key, built now if nobody has yet.

    ``build`` writes into a temporary folder beside the final one, which is renamed when it returns: readers see a
    complete folder or none, however the process ends. Of several processes one builds and the others wait.

    Raises:
        EnvironmentFault: the cache cannot be written, or the disk is full.
    """
    folder = cache_root() / kind / key
    if folder.exists():
        return folder
    lock = FileLock(folder.with_name(f"{key}.lock"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _fault("env.cache_not_writable", f"the cache folder cannot be written ({error.strerror})") from error
    try:
        if not folder.exists():
            _build_beside(folder, build)
    except OSError as error:
        if not is_no_room(error):
            raise
        raise _fault("env.disk_full", "the disk filled up while the data was prepared") from error
    finally:
        lock.release()
    return folder


def require_space(num_bytes: int) -> None:
    """Refuse to start writing what the cache's disk cannot hold.

    Raises:
        EnvironmentFault: with the gigabytes needed and free.
    """
    root = cache_root()
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if num_bytes > free:
        problem = f"preparing the data needs {num_bytes / 1e9:.2f} GB here and {free / 1e9:.2f} GB are free"
        raise _fault("env.disk_full", problem)


def _build_beside(folder: Path, build: Callable[[Path], None]) -> None:
    for leftover in folder.parent.glob(f"{folder.name}.tmp-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a killed process: we hold the lock, so nobody is writing it
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp-", dir=folder.parent))
    try:
        build(partial)
        partial.chmod(folder.parent.stat().st_mode & 0o777)  # a temporary folder is for its owner only
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fault(code: str, problem: str) -> EnvironmentFault:
    next_step = "set the environment variable BAKEOFF_CACHE to a writable folder with free space"
    return EnvironmentFault(code, "BAKEOFF_CACHE", cache_root(), problem, next_step=next_step)
