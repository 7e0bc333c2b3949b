"""``bakeoff replay CLAIM``: a published claim about families, put to the test by a bakeoff, and the ruling on it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bakeoff.commands.arguments import Parser, add_config_dir, trees
from bakeoff.commands.listing import plain_table, show
from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import unknown_option
from bakeoff.config.running import run_pipeline
from bakeoff.errors import ConfigError
from bakeoff.record.ruling import Ruling

DEFAULT_ROOT = Path("outputs/replay")
STOPPED = (130, 143)
"""Exit codes after a signal: the claims that are left are not begun."""


def run(argv: Sequence[str]) -> None:
    """Runs the bakeoff of a claim; of several, those without a ruling yet, the cheapest first, then a table of all.

    Raises:
        ConfigError: no such claim, or none named.
        SystemExit: a bakeoff ended with an exit code; of several the first one, after the others have run.
    """
    words = _words(argv)
    catalog = trees(words.config_dir)
    options = catalog.options("claim")
    names = [word for word in words.words if "=" not in word]
    for name in names:
        if name not in options:
            raise unknown_option("claim", name, options)
    if not names and not words.all:
        problem = "names no claim"
        raise ConfigError("config.missing_value", "replay", None, problem, allowed=options, next_step="or --all")
    chosen = sorted(options if words.all else names, key=lambda name: _minutes(catalog, name))
    settings = [word for word in words.words if "=" in word and not word.startswith("output_dir=")]
    settings += ["--config-dir", str(words.config_dir)] if words.config_dir else []
    given = [word.partition("=")[2] for word in words.words if word.startswith("output_dir=")]
    if len(chosen) == 1 and given:
        code = _replay(chosen[0], Path(given[-1]), settings)
    elif len(chosen) == 1:
        code = _replay(chosen[0], DEFAULT_ROOT / chosen[0], settings)
    else:
        code = _replay_all(chosen, Path(given[-1]) if given else DEFAULT_ROOT, settings)
    if code:
        sys.exit(code)


def _words(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="bakeoff replay", description="Puts a published claim about families to the test.")
    said = "claims (bakeoff list claims), and settings as of compare: output_dir=DIR, seeds=5, contenders=[...]"
    parser.add_argument("words", nargs="*", metavar="CLAIM", help=said)
    parser.add_argument("--all", action="store_true", help="all claims, each in a folder of its name below output_dir")
    add_config_dir(parser)
    return parser.parse_intermixed_args(list(argv))


def _minutes(catalog: Catalog, name: str) -> float:
    return float(catalog.content("claim", name).get("minutes", 0.0))


def _replay(name: str, folder: Path, settings: Sequence[str]) -> int:
    """The exit code of a claim's bakeoff."""
    try:
        run_pipeline("compare", argv=[f"claim={name}", f"output_dir={folder}", *settings])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def _replay_all(names: Sequence[str], root: Path, settings: Sequence[str]) -> int:
    """The first exit code of several claims' bakeoffs; a claim that has its ruling is not run again."""
    codes = []
    for name in names:
        if (ruling := Ruling.found(root / name)) is not None:
            print(f"{name}: {ruling.ruling} already, in {root / name}")
            continue
        codes.append(_replay(name, root / name, settings))
        if codes[-1] in STOPPED:
            break
    table = plain_table("claim", "ruling", "")
    for name in names:
        ruling = Ruling.found(root / name)
        table.add_row(name, *((ruling.ruling, escape(ruling.sentence)) if ruling else ("none yet", "")))
    show(table)
    Console(highlight=False, soft_wrap=True, markup=False).print(f"in one page: bakeoff contest {root}")
    return next(filter(None, codes), 0)
