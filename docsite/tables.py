"""Tables and commands in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bakeoff.config.catalog import Catalog

_COMMAND = re.compile(r"^# ((?:python pipelines/|bakeoff |make ).*)$")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(str(cell)) for cell in line) + " |" for line in lines)


def commands_of(catalog: Catalog, group: str, name: str) -> str:
    """The commands that an option's file opens with, as a block."""
    path = catalog.path(group, name)
    heads = path.read_text("utf-8").splitlines() if path else []
    found = [_COMMAND.match(line) for line in heads if line.startswith("#")]
    commands = [re.sub(r"python pipelines/(\w+)\.py", r"bakeoff \1", line[1]) for line in found if line]
    return "```\n" + "\n".join(commands) + "\n```" if commands else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
