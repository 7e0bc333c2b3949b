"""Reads what is new in a log of JSON lines, without reading the old again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class LogTail:
    """The end of a log that only grows, but for a resumed run, which puts a shorter file in its place.

    Args:
        path: the log's; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode: int | None = None
        self._offset = 0
        self._count = 0

    def after(self, count: int) -> list[dict[str, Any]]:
        """The whole records behind the first ``count``; a line that is still being written waits for the next call.

        A line that a full disk cut off in its middle is no record.
        """
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_ino, count) != (self._inode, self._count) or status.st_size < self._offset:
                    self._inode, self._offset, self._count = status.st_ino, 0, 0
                file.seek(self._offset)
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return []
        records = list(_records(lines[:-1]))
        found = records[max(count - self._count, 0) :]
        self._offset += sum(len(line) + 1 for line in lines[:-1])
        self._count += len(records)
        return found


def _records(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record
