"""What splits are called."""

from __future__ import annotations

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


def canonical_split(name: str) -> str | None:
    """``train``, ``val`` or ``test`` for the names in use for them, None for any other."""
    return _CANONICAL.get(name.lower())
