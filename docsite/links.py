"""Links and parts of pages: what stands in the repository is a page of the site, or becomes one."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
MIRRORED = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages at the top of the repository, and what they are called in the site."""
FOLDERS = {"conf/task": "tasks/index.md", "conf/model": "models/index.md"}
"""Folders of which the site has a page."""

_LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")
_INCLUDE = re.compile(r"^<!-- include (\S+): (.+?) -->$", re.MULTILINE)
_MADE = re.compile(r"^<!-- made: (\w+)\.(\w+) -->$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+) (\S+\.\w+)$", re.MULTILINE)
_CODED_HEADING = re.compile(r"^(#+ ([A-Z]\d{3}) .*)$", re.MULTILINE)


def source_of(page: str) -> str:
    """The file in the repository, from its top, that a page of the site is made of."""
    return next((source for source, name in MIRRORED.items() if name == page), f"docs/{page}")


def page_of(file: str) -> str:
    """Where the site has a file of the repository: as it is under ``docs/``, else as a page that shows it."""
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    return (MIRRORED | FOLDERS).get(file, f"files/{file}.md")


def linked_files(text: str, source: str) -> set[str]:
    """The files outside of ``docs/`` that a page links to, from the top of the repository."""
    found = {_target(link[1], source) for link in _LINK.finditer(text)}
    return {file for file in found if file and not file.startswith("docs/") and (ROOT / file).is_file()}


def relinked(text: str, *, source: str, page: str) -> str:
    """A page's text with its links as the site has them; what leads nowhere stays, for mkdocs to complain of.

    Args:
        text: in Markdown.
        source: the file that the links were written in, from the top of the repository.
        page: where the text goes.
    """
    folder = PurePosixPath(page).parent

    def moved(link: re.Match[str]) -> str:
        file = _target(link[1], source)
        if file is None or not ((ROOT / file).is_file() or file in FOLDERS):
            return link[0]
        return f"{os.path.relpath(page_of(file), folder)}{link[2] or ''}".replace(os.sep, "/")

    return _LINK.sub(moved, text)


def assembled(text: str, page: str) -> str:
    """A page's text with the parts that it names.

    ``<!-- include CONTRIBUTING.md: Add a model -->`` is a part of another file, ``<!-- made: errors.codes -->`` what a
    function of a module beside this one says.
    """

    def part(found: re.Match[str]) -> str:
        return relinked(section((ROOT / found[1]).read_text("utf-8"), found[2]), source=found[1], page=page)

    own = relinked(text, source=source_of(page), page=page)
    whole = _MADE.sub(_said, _INCLUDE.sub(part, own))
    return _CODED_HEADING.sub(_anchored, _FENCE.sub(r'```\1 title="\2"', whole))


def section(text: str, name: str) -> str:
    """What stands under a heading, without it, or from a paragraph that opens with ``**name**`` to the next such one.

    Raises:
        ValueError: there is neither.
    """
    heading = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    paragraph = re.search(rf"^(\*\*{re.escape(name)}\*\*.*?)(?=^\*\*|^## |\Z)", text, re.M | re.S)
    found = heading or paragraph
    if found is None:
        raise ValueError(f"a heading or opening words called {name} expected, found neither")
    return found[1].strip()


def _target(link: str, source: str) -> str | None:
    """The file that a relative link leads to, from the top of the repository."""
    if ":" in link or link.startswith("/"):
        return None
    return os.path.normpath(PurePosixPath(source).parent / link).replace(os.sep, "/")


def _said(made: re.Match[str]) -> str:
    return str(getattr(importlib.import_module(f"docsite.{made[1]}"), made[2])())


def _anchored(heading: re.Match[str]) -> str:
    """A heading that opens with a code, found by that code alone: ``checks.md#b101``."""
    return f"{heading[1]} {{ #{heading[2].lower()} }}"
