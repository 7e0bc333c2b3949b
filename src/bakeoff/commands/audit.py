"""``bakeoff audit DIR``: whether a finished bakeoff kept its rules, and its figures follow from what it stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from bakeoff.commands.arguments import Parser, add_own_code, use_own_code
from bakeoff.commands.listing import plain_table, show
from bakeoff.commands.report import planned_data
from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.judging.checks import is_number
from bakeoff.data.contract import TaskData
from bakeoff.errors import BakeoffError, CheckpointError, TrialsFailed
from bakeoff.record.bakeoff import require_bakeoff
from bakeoff.record.evidence import Audit
from bakeoff.record.layout import AUDIT, PLAN

SHOWN = 20
_COLOURS = {"refuse": "red", "stamp": "yellow", "warn": "yellow"}


def run(argv: Sequence[str]) -> None:
    """Audits, prints a table of checks, and writes ``audit.json``.

    Raises:
        ConfigError, DataError: the folder holds no finished bakeoff, or its files cannot be read.
        CheckpointError: it names classes that neither bakeoff nor ``--config-dir`` names.
        TrialsFailed: a figure differs, or a guard refuses.
    """
    description = "Derives every figure of a finished bakeoff again from its stored scores, and runs the guards."
    parser = Parser(prog="bakeoff audit", description=description)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the output folder of a bakeoff")
    parser.add_argument("--no-data", action="store_true", help="do not read the data (skips what needs its images)")
    parser.add_argument("--json", action="store_true", help="print what audit.json holds instead of a table")
    add_own_code(parser)
    words = parser.parse_args(argv)
    use_own_code(words)
    data, without = (None, "--no-data") if words.no_data else find_data(words.folder)
    found = audit(words.folder, data=data)
    if words.json:
        print(json.dumps(found.to_dict(), indent=1))
    else:
        _print(found, words.folder, without)
    if not found.agrees:
        raise _differs(found, words.folder)


def find_data(folder: Path) -> tuple[TaskData | None, str]:
    """The data that a bakeoff's plan names, or why it can't be had here.

    Raises:
        ConfigError: the folder holds no bakeoff.
        CheckpointError: the plan names other classes than the installed configuration.
    """
    require_bakeoff(folder, PLAN, key="folder", next_step="name the output_dir of compare")
    try:
        return planned_data(folder), ""
    except CheckpointError:
        raise
    except BakeoffError as error:
        return None, error.problem


def _print(found: Audit, folder: Path, without: str) -> None:
    counts = Counter(check.what.partition("/")[0] for check in found.checks)
    wrong = Counter(check.what.partition("/")[0] for check in found.differing)
    table = plain_table("checked", "figures", "")
    for name, count in counts.items():
        state = f"[red]{wrong[name]} differ[/red]" if wrong[name] else "[green]agrees[/green]"
        table.add_row(name, str(count), state)
    show(table)
    if found.differing:
        table = plain_table("differs", "stored", "derived again")
        for check in found.differing[:SHOWN]:
            table.add_row(escape(check.what), escape(_text(check.stored)), escape(_text(check.derived)))
        show(table)
    if found.findings:
        table = plain_table("guard", "", "problem")
        for finding in found.findings:
            colour = _COLOURS[finding.severity]
            table.add_row(finding.guard, f"[{colour}]{finding.severity}[/{colour}]", escape(finding.problem))
        show(table)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    if without:
        skipped = "duplicates, normalisation, the trivial predictor and failed trials went unchecked"
        console.print(f"without the data ({without}): {skipped}")
    console.print(f"audit {folder / AUDIT}")
    console.print(f"judged by edition {found.edition} of the protocol (docs/protocol.md)")
    if found.agrees:
        console.print(f"AGREES: all {len(found.checks)} figures follow from what is stored, and no guard refuses.")


def _text(value: Any) -> str:
    """A leaf as short as it can be and still tell itself from another."""
    if value is None:
        return "nothing"
    return f"{value:.10g}" if is_number(value) else str(value)


def _differs(found: Audit, folder: Path) -> TrialsFailed:
    parts = []
    if found.differing:
        first = found.differing[0]
        shown = f"{first.what} is {_text(first.stored)}, derived again {_text(first.derived)}"
        parts.append(f"{len(found.differing)} of {len(found.checks)} figures differ, first: {shown}")
    if found.refusals:
        guards = ", ".join(dict.fromkeys(finding.guard for finding in found.refusals))
        parts.append(f"refused by the guards: {guards}")
    step = f"see {folder / AUDIT}; restore what was changed, or compare again"
    return TrialsFailed("audit.differs", "audit", folder, "; ".join(parts), next_step=step)
