"""How often a trial's process was ended from outside: by the kernel, a scheduler or a person."""

from __future__ import annotations

import json
import time
from pathlib import Path

from bakeoff.record.layout import KILLS
from bakeoff.record.reading import read_lines


def note_kill(folder: Path, why: str) -> None:
    """Adds one to a trial's, with its time."""
    with (folder / KILLS).open("a") as file:
        file.write(json.dumps({"time": time.time(), "why": why}) + "\n")


def num_kills(folder: Path) -> int:
    """How many there have been."""
    return len(read_lines(folder / KILLS))
