"""The summary over datasets as a page, and as Markdown."""

from __future__ import annotations

from pathlib import Path

from bakeoff.files import write_json
from bakeoff.report.datasets import Gathered
from bakeoff.report.figures.ranks import ranks_figure
from bakeoff.report.pages.rendering import page_environment, text_environment, write_page
from bakeoff.report.palette import looks
from bakeoff.version import __version__


def write_summary(gathered: Gathered, folder: Path) -> list[Path]:
    """Writes ``summary.html``, ``summary.md`` and ``summary.json``; returns their paths.

    Args:
        gathered: what was read.
        folder: where to write.
    """
    pages = {"summary.html": summary_html(gathered), "summary.md": summary_markdown(gathered)}
    paths = [write_page(folder / name, text) for name, text in pages.items()]
    write_json(folder / "summary.json", gathered.summary.to_dict() | {"notes": list(gathered.notes)})
    return [*paths, folder / "summary.json"]


def summary_html(gathered: Gathered) -> str:
    """One self-contained page: sentence, table, and from 7 datasets on the diagram and the pairs."""
    summary = gathered.summary
    families = {name: family for member in gathered.members for name, family in member.families.items()}
    shown = looks([(name, families[name]) for name in summary.mean_ranks])
    ranks, distance = summary.mean_ranks, summary.critical_difference
    figures = {
        kind: ranks_figure(ranks, distance, looks=shown, is_narrow=kind == "narrow")
        for kind in ("wide", "narrow")
        if distance is not None
    }
    template = page_environment().get_template("summary.html.j2")
    return template.render(
        gathered=gathered, summary=summary, metric=gathered.metric, figures=figures, version=__version__
    )


def summary_markdown(gathered: Gathered) -> str:
    """Sentence, table, pairs and notes."""
    template = text_environment().get_template("summary.md.j2")
    return template.render(gathered=gathered, summary=gathered.summary, metric=gathered.metric)
