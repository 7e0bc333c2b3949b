"""Two ways to read a record: strictly, where a verdict rests on it, and for what is there, where a page is made of it.

A record is a dataclass whose fields are the keys of a JSON object. Keys that a later version adds are passed over, and
those that are missing become ``None`` or empty, because a report of half the facts is worth more than a traceback. Who
judges asks by `require` for what must be there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from bakeoff.errors import DataError
from bakeoff.files import read_json

SCHEMA_VERSION = 1
"""Of ``plan.json``, ``verdict.json`` and what stands beside them."""


def known(kind: type, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a mapping that are fields of the dataclass ``kind``."""
    names = [entry.name for entry in fields(kind)]
    return {name: mapping[name] for name in names if name in mapping}


def rows(raw: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """The list under ``key``; a lone text is a list of one, nothing an empty one."""
    value = raw.get(key) or ()
    return (value,) if isinstance(value, str) else tuple(value)


def parsed_json(text: bytes) -> Any:
    """The value that a text stands for; None for one that is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def parsed(path: Path) -> Any:
    """A JSON file's value; None where there is no such file, or it is damaged."""
    return parsed_json(path.read_bytes()) if path.is_file() else None


def parsed_object(path: Path) -> dict[str, Any] | None:
    """As `parsed`, but None for anything else than an object."""
    value = parsed(path)
    return value if isinstance(value, dict) else None


def parsed_lines(path: Path) -> tuple[dict[str, Any], ...]:
    """The objects of a file of JSON lines; a line cut off by a crash is passed over."""
    entries = map(parsed_json, path.read_bytes().splitlines() if path.is_file() else ())
    return tuple(entry for entry in entries if isinstance(entry, dict))


def read(path: Path) -> Any:
    """A JSON file's value.

    Raises:
        DataError: it is no JSON.
    """
    try:
        return read_json(path)
    except ValueError as error:
        raise damaged(path, f"it is no JSON ({error})") from error


def read_if_there(path: Path) -> Any:
    """As `read`; None where there is no such file."""
    return read(path) if path.exists() else None


def read_lines(path: Path) -> tuple[dict[str, Any], ...]:
    """The records of a file of JSON lines; a last line that a kill cut off is left out.

    Raises:
        DataError: another line is no JSON.
    """
    lines = path.read_bytes().splitlines() if path.exists() else []
    found = [parsed_json(line) for line in lines]
    if None in found[:-1]:
        raise damaged(path, f"line {found.index(None) + 1} is no JSON")
    return tuple(record for record in found if record is not None)


def require(raw: Any, keys: Iterable[str], path: Path) -> None:
    """Refuses a record that lacks what a verdict rests on.

    Raises:
        DataError: naming the keys.
    """
    lacking = [key for key in keys if key not in raw] if isinstance(raw, Mapping) else list(keys)
    if lacking:
        raise damaged(path, f"it lacks {', '.join(lacking)}")


def damaged(path: Path, problem: str) -> DataError:
    """What is raised of a file that can't be used."""
    return DataError("data.damaged_file", "folder", path, problem, next_step="restore it, or compare again")


def sha256_of(value: Any) -> str:
    """Of the value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Of its bytes; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
