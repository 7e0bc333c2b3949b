"""What pictures are called that `predict` writes, one for each input."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_UNSAFE = re.compile(r"[^\w.-]+")


def file_names(names: Sequence[str]) -> list[str]:
    """A file name for the picture of each input: its own, ``.png``, with a number where two would be the same."""
    found: list[str] = []
    for name in names:
        stem = _UNSAFE.sub("_", Path(name).stem if "#" not in name else Path(name).name) or "picture"
        wanted, number = f"{stem}.png", 2
        while wanted in found:
            wanted, number = f"{stem}-{number}.png", number + 1
        found.append(wanted)
    return found
