"""What mkdocs calls while it builds the site (mkdocs.org/user-guide/configuration, "hooks")."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from bakeoff.config.catalog import Catalog
from docsite import models, tasks
from docsite.links import MIRRORED, ROOT, assembled, linked_files, page_of, source_of

CATALOG = Catalog()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Names in the navigation all pages of a folder, where it says ``All of: FOLDER``."""
    config.nav = _spread(config.nav)
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages at the top of the repository, one a task and a model, and those of linked files."""
    for source, name in MIRRORED.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text("utf-8")))
    pages = [file for file in files if file.is_documentation_page()]
    linked = {name for file in pages for name in linked_files(file.content_string, source_of(file.src_uri))}
    made = {page_of(name): _shown(name) for name in sorted(linked - MIRRORED.keys())} | {"tour.md": _tour()}
    for name, content in (made | _of_groups()).items():
        own = files.get_file_from_path(name)
        if own is not None:
            files.remove(own)
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Puts in what a page names: parts of other files, tables and pictures; and has links lead to pages of the site."""
    return assembled(markdown, page.file.src_uri)


def _of_groups() -> dict[str, str]:
    """The pages of all tasks and models."""
    pages = {"tasks/index.md": tasks.index(CATALOG), "models/index.md": models.index(CATALOG)}
    pages |= {f"tasks/{name}.md": tasks.page(CATALOG, name) for name in CATALOG.options("task")}
    return pages | {f"models/{name}.md": models.page(CATALOG, name) for name in CATALOG.options("model")}


def _tour() -> str:
    """The notebook's cells as a page."""
    cells = json.loads((ROOT / "docs" / "tour.ipynb").read_text("utf-8"))["cells"]
    sources = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    told = [source if kind == "markdown" else f"```python\n{source}\n```" for kind, source in sources]
    return "\n\n".join([*told, "These cells as [a notebook](tour.ipynb)."])


def _spread(nav: list[Any]) -> list[Any]:
    spread: list[Any] = []
    for item in nav:
        if isinstance(item, dict) and "All of" in item:
            spread += _names(item["All of"])
        elif isinstance(item, dict):
            spread.append({name: _spread(value) if isinstance(value, list) else value for name, value in item.items()})
        else:
            spread.append(item)
    return spread


def _names(folder: str) -> list[Any]:
    """The pages of a folder: models by family, others by name."""
    if folder == "models":
        return [f"models/{name}.md" for name in models.by_family(CATALOG)]
    if folder == "tasks":
        return [f"tasks/{name}.md" for name in CATALOG.options("task")]
    return sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs" / folder).glob("*.md"))


def _shown(name: str) -> str:
    """A file of the repository as a page."""
    language = {".py": "python", ".yaml": "yaml", ".toml": "toml"}.get(PurePosixPath(name).suffix, "text")
    return f"# {name}\n\n````{language}\n{(ROOT / name).read_text('utf-8')}\n````\n"
