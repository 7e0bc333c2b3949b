"""What `scale`, `gradients` and `compare` write beside the verdict, into a folder of their own or a bakeoff's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCALE, GRADIENTS, EXHIBITS = "scale.json", "gradients.json", "exhibits.json"
OLDER_EXHIBITS = "illustrations.json"
"""What the exhibits of text and attention were called before there were others."""
SCHEMA_VERSION = 1


def read_measured(folder: Path, name: str) -> dict[str, Any] | None:
    """What stands in such a file; ``None`` where there is none, or it can't be read."""
    try:
        raw = json.loads((folder / name).read_bytes())
    except (OSError, ValueError):
        return None
    return raw if isinstance(raw, dict) and raw.get("schema_version") == SCHEMA_VERSION else None


def read_exhibits(folder: Path) -> dict[str, Any]:
    """What each contender answered to a few test examples, a list a contender; empty where there is nothing."""
    found = read_measured(folder, EXHIBITS) or read_measured(folder, OLDER_EXHIBITS) or {}
    contenders = found.get("contenders")
    return contenders if isinstance(contenders, dict) else {}
