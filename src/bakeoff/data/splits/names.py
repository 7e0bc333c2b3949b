"""What splits are called."""

from __future__ import annotations

import re

PARTS = ("train", "val", "test")

_CANONICAL = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
SPLIT_NAMES = tuple(_CANONICAL)
"""The names in use, to which one of "set", "data", "split", "images" and "files" may be added."""
_ADDED = re.compile(r"[ _-]?(set|data|split|images|files)$")


def canonical_split(name: str) -> str | None:
    """``train``, ``val`` or ``test`` for the names in use for them, None for any other."""
    return _CANONICAL.get(_ADDED.sub("", name.lower()))
