"""What `scale`, `gradients` and `compare` write beside the verdict, into a folder of their own or a bakeoff's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bakeoff.record.layout import EXHIBITS, OLDER_EXHIBITS
from bakeoff.record.reading import SCHEMA_VERSION, parsed_object


def read_measured(path: Path) -> dict[str, Any] | None:
    """What stands in such a file; ``None`` where there is none, or it can't be read."""
    raw = parsed_object(path)
    return raw if raw is not None and raw.get("schema_version") == SCHEMA_VERSION else None


def read_exhibits(folder: Path) -> dict[str, Any]:
    """What each contender answered to a few test examples, a list a contender; empty where there is nothing."""
    found = read_measured(folder / EXHIBITS) or read_measured(folder / OLDER_EXHIBITS) or {}
    contenders = found.get("contenders")
    return contenders if isinstance(contenders, dict) else {}


def read_overview(folder: Path) -> list[Any]:
    """What answers to the whole test show of all contenders together; empty where there is nothing."""
    entries = (read_measured(folder / EXHIBITS) or {}).get("overview")
    return entries if isinstance(entries, list) else []
