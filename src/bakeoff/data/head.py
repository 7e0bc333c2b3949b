"""What the first rows of a data set show to be wrong, told before torch is imported and all of it is read."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from bakeoff.config import build
from bakeoff.data.sources.source import Source
from bakeoff.errors import DataError

_PARTS = ("source", "columns", "split")
_CERTAIN = ("data.not_found", "data.encoding", "data.delimiter", "data.missing_column", "data.target_in_features")
"""What more rows can't change; of anything else, all rows are asked."""


def check_head(module: Mapping[str, Any]) -> None:
    """Refuses data of rows for its columns, labels, separators, encoding or paths.

    Args:
        module: the section of a data module; one without a source, columns and a rule of splits is left to itself.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: what reading all of the data would raise too.
    """
    if not all(module.get(part) for part in _PARTS):
        return
    source, columns, rule = (build(module[part], f"data.module.{part}") for part in _PARTS)
    read_table = _reader_for(columns)
    if not isinstance(source, Source) or read_table is None:
        return
    how = {"split": rule} | {key: module[key] for key in ("on_missing",) if key in module}
    whole = True
    try:
        head = source.head()
        if head is not None:
            whole = head.whole
            read_table(head.splits, columns, **how)
    except DataError as error:
        if whole or error.code in _CERTAIN:
            raise
        read_table(source.load(), columns, **how)


def _reader_for(columns: object) -> Any:
    """``read_table`` of ``table.py`` beside a kind's ``columns.py``; None where there is none."""
    package = type(columns).__module__.rpartition(".")[0]
    try:
        return getattr(importlib.import_module(f"{package}.table"), "read_table", None)
    except ModuleNotFoundError:
        return None
