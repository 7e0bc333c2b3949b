"""What a kill in the midst of an atomic write leaves: made by a real process and a real kill."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from bakeoff.files import atomic_writer


def writer_at_work(path: Path) -> tuple[BaseProcess, Path]:
    """A process that has begun to write ``path`` and never ends, and the file that it writes beside it."""
    before = set(path.parent.iterdir())
    writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(path,))
    writer.start()
    while not (begun := [file for file in set(path.parent.iterdir()) - before if file.stat().st_size]):
        time.sleep(0.01)
    return writer, begun[0]


def left_by_a_killed_writer(path: Path) -> Path:
    """The file that a killed process leaves beside ``path``."""
    writer, file = writer_at_work(path)
    writer.kill()
    writer.join()
    return file


def _write_for_ever(path: Path) -> None:
    with atomic_writer(path) as file:
        file.write(b"half")
        file.flush()
        while True:
            time.sleep(1.0)
