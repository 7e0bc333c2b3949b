"""``bakeoff checks DIR``: what would mislead whoever reads a finished bakeoff, or run, each with a code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bakeoff.commands.arguments import Parser
from bakeoff.errors import ConfigError
from bakeoff.report.checks import CHECKS, found_in
from bakeoff.report.checks.check import Found
from bakeoff.report.reading import read_either


def run(argv: Sequence[str]) -> None:
    """Prints a line a finding, or JSON.

    Raises:
        ConfigError: neither a bakeoff nor a run there, or no such code.
        DataError: a bakeoff that has no verdict yet.
    """
    description = "Asks a finished bakeoff, or run, what would mislead whoever reads it; docs/checks.md has each code."
    parser = Parser(prog="bakeoff checks", description=description)
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="the folder of a bakeoff or of a run")
    parser.add_argument("--ignore", action="append", default=[], metavar="CODE", help="a check that is not asked")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.add_argument("--list", action="store_true", help="all checks by code, and nothing else")
    words = parser.parse_args(argv)
    if words.list:
        print("\n".join(f"{check.code} {check.title}" for check in CHECKS))
        return
    if words.folder is None:
        raise ConfigError("config.bad_flag", "bakeoff checks", None, "no folder given", next_step="bakeoff checks DIR")
    _require_codes(words.ignore)
    found = found_in(read_either(words.folder), ignored=words.ignore)
    print(json.dumps([entry.to_dict() for entry in found], indent=1) if words.json else _lines(found, words.ignore))


def _require_codes(codes: Sequence[str]) -> None:
    known = [check.code for check in CHECKS]
    for code in codes:
        if code not in known:
            raise ConfigError("config.bad_flag", "--ignore", code, "there is no such check", next_step="--list")


def _lines(found: Sequence[Found], ignored: Sequence[str]) -> str:
    asked = len(CHECKS) - len({*ignored})
    lines = [f"{entry.check.code} {entry.check.title}: {entry.sentence}" for entry in found]
    count = f"{len(found)} finding{'s' if len(found) != 1 else ''} of {asked} checks"
    return "\n".join([*lines, f"{count}; what each means, and what to do, by code: docs/checks.md"])
