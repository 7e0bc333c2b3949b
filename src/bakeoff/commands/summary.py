"""``bakeoff summary DIR [DIR ...]``: several bakeoffs on several datasets, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bakeoff.commands.arguments import Parser
from bakeoff.commands.listing import plain_table, show
from bakeoff.report.datasets import Gathered, gather
from bakeoff.report.pages.summary import write_summary


def run(argv: Sequence[str]) -> None:
    """Prints the table and what may be said; writes ``summary.html``, ``summary.md`` and ``summary.json``.

    Raises:
        ConfigError, DataError: bakeoffs that are unfinished, or cannot be summed up together.
    """
    parser = Parser(prog="bakeoff summary", description="Several bakeoffs on several datasets, in one table.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="output folders of finished bakeoffs")
    parser.add_argument("--output-dir", type=Path, default=Path(), help="where to write the summary (here)")
    parser.add_argument("--alpha", type=float, default=0.05, help="error rate over all pairs (0.05)")
    words = parser.parse_args(argv)
    gathered = gather(words.folders, alpha=words.alpha)
    paths = write_summary(gathered, words.output_dir)
    _print(gathered)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for note in gathered.notes:
        console.print(f"note: {note}")
    console.print(f"summary {', '.join(map(str, paths))}")
    console.print(gathered.summary.sentence)


def _print(gathered: Gathered) -> None:
    summary, metric = gathered.summary, gathered.metric
    names = list(summary.mean_ranks)
    table = plain_table("dataset", *map(escape, names), "verdict there")
    for member in gathered.members:
        means = [metric.value(member.means[name]) for name in names]
        table.add_row(escape(member.dataset), *means, escape(member.verdict.word))
    table.add_row("mean rank", *(f"{rank:.2f}" for rank in summary.mean_ranks.values()), "")
    show(table)
    if summary.pairs:
        pairs = plain_table("pair", "median difference", "datasets won", "p", "tested at", "reading")
        for pair in summary.pairs:
            numbers = (metric.difference(pair.median_difference), f"{pair.wins_a} to {pair.wins_b}", f"{pair.p:.2g}")
            reading = "differ" if pair.significant else "not told apart"
            pairs.add_row(escape(f"{pair.a} over {pair.b}"), *numbers, f"{pair.level:.2%}", reading)
        show(pairs)
