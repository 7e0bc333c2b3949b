"""Reads Google-style docstrings, so that ``bakeoff explain`` can say what an argument means."""

from __future__ import annotations

import inspect
import re

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Attributes)\s*:\s*$")
_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


def first_line(docstring: str) -> str:
    """The first sentence-holding line of a docstring, or an empty string."""
    return next((line.strip() for line in docstring.splitlines() if line.strip()), "")


def argument_docs(docstring: str) -> dict[str, str]:
    """What the ``Args:`` section says of each argument, each on one line."""
    docs: dict[str, str] = {}
    name, section_indent, entry_indent = "", -1, -1
    for line in inspect.cleandoc(docstring).splitlines():
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if _SECTION.match(text):
            name, section_indent, entry_indent = "", indent, -1
        elif section_indent >= 0 and text:
            if indent <= section_indent:
                section_indent = -1
                continue
            entry_indent = indent if entry_indent < 0 else entry_indent
            entry = _ENTRY.match(text) if indent == entry_indent else None
            if entry:
                name, docs[entry[1]] = entry[1], entry[2]
            elif name:
                docs[name] = f"{docs[name]} {text}".strip()
    return docs
