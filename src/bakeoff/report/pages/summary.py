"""The summary over datasets as a page, and as Markdown."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from bakeoff.files import atomic_writer, write_json
from bakeoff.record.verdict import RecordedVerdict
from bakeoff.report.datasets import Gathered
from bakeoff.report.figures.ranks import ranks_figure
from bakeoff.report.numbers import probability, share
from bakeoff.report.palette import looks
from bakeoff.version import __version__


def write_summary(gathered: Gathered, folder: Path) -> list[Path]:
    """Writes ``summary.html``, ``summary.md`` and ``summary.json``; returns their paths.

    Args:
        gathered: what was read.
        folder: where to write.
    """
    pages = {"summary.html": summary_html(gathered), "summary.md": summary_markdown(gathered)}
    for name, text in pages.items():
        with atomic_writer(folder / name) as file:
            file.write(text.encode("utf-8", errors="replace"))
    write_json(folder / "summary.json", gathered.summary.to_dict() | {"notes": list(gathered.notes)})
    return [folder / name for name in (*pages, "summary.json")]


def summary_html(gathered: Gathered) -> str:
    """One self-contained page: sentence, table, and from 7 datasets on the diagram and the pairs."""
    summary = gathered.summary
    families = {name: family for member in gathered.members for name, family in member.families.items()}
    shown = looks([(name, families[name]) for name in summary.mean_ranks])
    figures = {}
    if summary.critical_difference is not None:
        for kind, is_narrow in (("wide", False), ("narrow", True)):
            figures[kind] = ranks_figure(
                summary.mean_ranks, summary.critical_difference, looks=shown, is_narrow=is_narrow
            )
    loader = FileSystemLoader(Path(__file__).parents[1] / "templates")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"probability": probability, "share": share}
    template = environment.get_template("summary.html.j2")
    return template.render(
        gathered=gathered, summary=summary, metric=gathered.metric, figures=figures, version=__version__
    )


def summary_markdown(gathered: Gathered) -> str:
    """Sentence, table, pairs and notes."""
    summary, metric = gathered.summary, gathered.metric
    names = list(summary.mean_ranks)
    lines = [
        f"**{_cell(summary.sentence)}**",
        "",
        f"Mean test {metric.label} of each contender; the unit is the dataset.",
        "",
        "| dataset | " + " | ".join(map(_cell, names)) + " | verdict there |",
        "| --- |" + " ---: |" * len(names) + " --- |",
    ]
    for member in gathered.members:
        cells = [metric.value(member.means[name]) for name in names]
        lines.append(f"| {_cell(member.dataset)} | " + " | ".join(cells) + f" | {_cell(word(member.verdict))} |")
    ranks = [f"{rank:.2f}" for rank in summary.mean_ranks.values()]
    lines.append("| mean rank | " + " | ".join(ranks) + " | |")
    if summary.pairs:
        lines += ["", "| pair | median difference | datasets won | p | tested at | reading |"]
        lines.append("| --- | ---: | ---: | ---: | ---: | --- |")
    for pair in summary.pairs:
        cells = [
            f"{_cell(pair.a)} over {_cell(pair.b)}",
            metric.difference(pair.median_difference),
            f"{pair.wins_a} to {pair.wins_b}",
            probability(pair.p),
            share(pair.level),
            "differ" if pair.significant else "not told apart",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- {_cell(note)}" for note in gathered.notes)] if gathered.notes else []
    return "\n".join(lines) + "\n"


def word(verdict: RecordedVerdict) -> str:
    """A bakeoff's verdict in a cell."""
    return f"{verdict.verdict} ({verdict.winner})" if verdict.winner else verdict.verdict


def _cell(text: str) -> str:
    """Text that cannot break a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
