"""``bakeoff contest DIR [DIR ...]``: rulings on claims, and tasks by families, in one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bakeoff.commands.arguments import Parser
from bakeoff.commands.listing import plain_table, show
from bakeoff.config.catalog import Catalog
from bakeoff.report.contest import gather_contest, said
from bakeoff.report.pages.contest import write_contest

PAGE = "contest.md"


def run(argv: Sequence[str]) -> None:
    """Prints the rulings, and writes the page.

    Raises:
        ConfigError: no finished bakeoff in or below the folders.
    """
    parser = Parser(prog="bakeoff contest", description="The rulings on claims, and tasks by families, in one page.")
    said_of = "folders of bakeoffs, such as the output_dir of replay --all"
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help=said_of)
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"the page; {PAGE} in the first folder")
    words = parser.parse_args(argv)
    contest = gather_contest(words.folders)
    table = plain_table("claim", "said", "ruling")
    for entry in contest.ruled:
        assert entry.plan.claim is not None and entry.ruling is not None
        table.add_row(entry.plan.claim.name, escape(", ".join(said(entry.plan.claim))), entry.ruling.ruling)
    show(table)
    page = write_contest(contest, words.output or words.folders[0] / PAGE, claims=Catalog().options("claim"))
    console = Console(highlight=False, soft_wrap=True, markup=False)
    told = ", ".join(f"{count} {word}" for word, count in sorted(contest.counts.items()))
    console.print(f"page {page}\n{len(contest.ruled)} claims: {told or 'none ruled on'}")
