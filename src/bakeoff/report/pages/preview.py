"""A look at data before training, as a page of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.report.pages.rendering import page_environment, write_page
from bakeoff.report.sections.preview import preview_context
from bakeoff.version import __version__


def write_preview(path: Path, entries: Sequence[Mapping[str, Any]], *, title: str, about: str, command: str) -> Path:
    """Writes a page of examples, and returns its path.

    Args:
        path: of the page.
        entries: exhibits, as `bakeoff.tasks.exhibits` stores them.
        title: of the page.
        about: the task, in a few words.
        command: that makes the page again.
    """
    page = {"title": title, "about": about, "section": "preview", "version": __version__, "command": command}
    template = page_environment().get_template("measured.html.j2")
    return write_page(path, template.render(**preview_context(entries), **page, glossary={}))
