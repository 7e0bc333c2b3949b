"""Stored figures beside derived ones, leaf by leaf."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from bakeoff.files import finite
from bakeoff.record.evidence import Check

RELATIVE = 1e-9


def compare(what: str, stored: Any, derived: Any, *, off_by: float = 0.0) -> Iterator[Check]:
    """A check for every leaf of two trees of plain JSON, named by its path.

    Args:
        what: path of the tree.
        stored: what a file holds.
        derived: what it should hold.
        off_by: how far numbers may lie apart beyond 1e-9 of their size.
    """
    if isinstance(stored, Mapping) and isinstance(derived, Mapping) and (stored or derived):
        for key in dict.fromkeys([*stored, *derived]):
            yield from compare(f"{what}/{key}", stored.get(key), derived.get(key), off_by=off_by)
    elif isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived) > 0:
        for index, (one, other) in enumerate(zip(stored, derived, strict=True)):
            yield from compare(f"{what}/{_label(other, index)}", one, other, off_by=off_by)
    else:
        yield Check(what, stored, derived, same(stored, derived, off_by=off_by))


def same(stored: Any, derived: Any, *, off_by: float = 0.0) -> bool:
    """Equal, or numbers within 1e-9 of their size or ``off_by``, whichever is more."""
    if is_number(stored) and is_number(derived):
        return math.isclose(stored, derived, rel_tol=RELATIVE, abs_tol=off_by)
    return type(stored) is type(derived) and bool(stored == derived)


def is_number(value: Any) -> bool:
    """Whether a leaf is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain(value: Any) -> Any:
    """``value`` as it reads after a round through a JSON file."""
    return json.loads(json.dumps(finite(value)))


def _label(item: Any, index: int) -> str:
    """What a list's item is called in a check's path."""
    if isinstance(item, Mapping):
        if "name" in item:
            return str(item["name"])
        if "a" in item and "b" in item:
            return f"{item['a']} - {item['b']}"
    return str(index)
