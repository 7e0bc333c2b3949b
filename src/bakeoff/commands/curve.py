"""``bakeoff curve WORDS``: the same bakeoff on parts of the train examples, and the test score against their number."""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from bakeoff.commands.arguments import Parser, add_config_dir
from bakeoff.commands.console import page_console
from bakeoff.commands.report import run as build_report
from bakeoff.config.running import run_pipeline
from bakeoff.errors import ConfigError
from bakeoff.files import write_json
from bakeoff.insight.data_sizes import Sized, data_sizes
from bakeoff.record.layout import DATA_SIZES
from bakeoff.record.reading import SCHEMA_VERSION
from bakeoff.report.pages.measured import write_data_sizes_page
from bakeoff.report.sections.data_sizes import print_data_sizes

FRACTIONS = "0.1,0.3,1"
DEFAULT_ROOT = Path("outputs/curve")
_FRACTION, _FOLDER = "train_fraction=", "output_dir="


def run(argv: Sequence[str]) -> None:
    """Runs a bakeoff for each size into a folder of its own, the smallest first, then writes the curve.

    Raises:
        ConfigError: fractions that are none, or words that are no settings of ``compare``.
        SystemExit: a bakeoff ended with an exit code.
    """
    words = _words(argv)
    fractions = _fractions(words.fractions)
    settings = _settings(words.words)
    given = [word.removeprefix(_FOLDER) for word in words.words if word.startswith(_FOLDER)]
    root = Path(given[-1]) if given else DEFAULT_ROOT / _name(settings)
    settings += ["--config-dir", str(words.config_dir)] if words.config_dir else []
    folders = {fraction: root / f"{fraction:g}" for fraction in fractions}
    for fraction, folder in folders.items():
        run_pipeline("compare", argv=[*settings, f"{_FRACTION}{fraction:g}", f"{_FOLDER}{folder}"])
    about = {"schema_version": SCHEMA_VERSION, "created": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    found = data_sizes([Sized.read(fraction, folder) for fraction, folder in folders.items()])
    found = about | found | {"command": " ".join(["bakeoff curve", *argv])}
    last = folders[fractions[-1]]
    for folder in (root, last):
        write_json(folder / DATA_SIZES, found)
    console = page_console()
    print_data_sizes(found, console)
    console.print(f"page {write_data_sizes_page(root)}")
    build_report({"run": str(last)})


def _words(argv: Sequence[str]) -> argparse.Namespace:
    description = "The same bakeoff on parts of the train examples: who needs how much data."
    parser = Parser(prog="bakeoff curve", description=description)
    parser.add_argument(
        "words", nargs="*", metavar="KEY=VALUE", help="settings as of compare: experiment=digits seeds=5"
    )
    parser.add_argument("--fractions", default=FRACTIONS, help=f"of the train examples, between commas ({FRACTIONS})")
    add_config_dir(parser)
    return parser.parse_intermixed_args(list(argv))


def _fractions(text: str) -> list[float]:
    """Ascending, each once."""
    try:
        found = sorted({float(part) for part in text.split(",")})
    except ValueError:
        found = []
    if len(found) < 2 or not all(0 < fraction <= 1 for fraction in found):
        allowed = f"two or more numbers above 0 and up to 1, such as {FRACTIONS}"
        raise ConfigError("config.out_of_range", "--fractions", text, "makes no curve", allowed=allowed)
    return found


def _settings(words: Sequence[str]) -> list[str]:
    """The words for ``compare``, without the folder."""
    for word in words:
        if "=" not in word:
            problem, allowed = "is no setting", "KEY=VALUE, as of compare"
            raise ConfigError("config.bad_value", "curve", word, problem, allowed=allowed)
        if word.startswith(_FRACTION):
            problem = "is what the curve goes along"
            raise ConfigError("config.contradiction", "train_fraction", word, problem, next_step="--fractions")
    return [word for word in words if not word.startswith(_FOLDER)]


def _name(settings: Sequence[str]) -> str:
    """Of the folder: the same for the same settings, so that the same command goes on."""
    return hashlib.sha256("\n".join(sorted(settings)).encode()).hexdigest()[:10]
