"""What a user calls the data: the name of the file or folder that was given, where one was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.config.catalog import Catalog

_GIVEN = ("file", "path", "folder")


def data_title(section: Mapping[str, Any]) -> str:
    """``reviews.csv`` for ``data=csv data.file=in/reviews.csv``; else the name of the configuration's file.

    Args:
        section: the resolved ``data`` section.
    """
    name = str(section["name"])
    declared = Catalog().content("data", name)
    for key in _GIVEN:
        given = section.get(key)
        if isinstance(given, str) and key in declared and declared[key] in (None, "???"):
            return Path(given).name or name
    return name
