"""What `scale`, `gradients` and `compare` write beside the verdict, into a folder of their own or a bakeoff's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCALE, GRADIENTS, ILLUSTRATIONS = "scale.json", "gradients.json", "illustrations.json"
SCHEMA_VERSION = 1


def read_measured(folder: Path, name: str) -> dict[str, Any] | None:
    """What stands in such a file; ``None`` where there is none, or it can't be read."""
    try:
        raw = json.loads((folder / name).read_bytes())
    except (OSError, ValueError):
        return None
    return raw if isinstance(raw, dict) and raw.get("schema_version") == SCHEMA_VERSION else None
