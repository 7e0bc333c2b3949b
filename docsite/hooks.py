"""What mkdocs calls while it builds the site (mkdocs.org/user-guide/configuration, "hooks")."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docsite.links import MIRRORED, ROOT, assembled, linked_files, page_of, source_of


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Names in the navigation all pages of a folder, where it says ``All of: FOLDER``."""
    config.nav = _spread(config.nav)
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages at the top of the repository, and a page for each other file that some page links to."""
    for source, name in MIRRORED.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text("utf-8")))
    pages = [file for file in files if file.is_documentation_page()]
    linked = {name for file in pages for name in linked_files(file.content_string, source_of(file.src_uri))}
    for name in sorted(linked - MIRRORED.keys()):
        files.append(File.generated(config, page_of(name), content=_shown(name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Puts in the parts of other files that a page names, and has links lead to pages of the site."""
    return assembled(markdown, page.file.src_uri)


def _spread(nav: list[Any]) -> list[Any]:
    spread: list[Any] = []
    for item in nav:
        if isinstance(item, dict) and "All of" in item:
            folder = ROOT / "docs" / item["All of"]
            spread += sorted(path.relative_to(ROOT / "docs").as_posix() for path in folder.glob("*.md"))
        elif isinstance(item, dict):
            spread.append({name: _spread(value) if isinstance(value, list) else value for name, value in item.items()})
        else:
            spread.append(item)
    return spread


def _shown(name: str) -> str:
    """A file of the repository as a page."""
    language = {".py": "python", ".yaml": "yaml", ".toml": "toml"}.get(PurePosixPath(name).suffix, "text")
    return f"# {name}\n\n````{language}\n{(ROOT / name).read_text('utf-8')}\n````\n"
