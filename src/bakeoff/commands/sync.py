"""``bakeoff sync [FOLDER]``: sends what the tracker has missed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.commands.arguments import Parser
from bakeoff.databases import sqlite_path
from bakeoff.errors import ConfigError, TrackerNotSynced

if TYPE_CHECKING:
    from bakeoff.tracking.folder_sync import SyncReport


def run(argv: Sequence[str]) -> None:
    """Sends what is new below a folder, and says how much that was.

    Raises:
        ConfigError: there is no run below the folder.
        TrackerNotSynced: a tracker does not answer, or refuses something.
    """
    description = "Sends to MLflow what it has not got yet of the runs and bakeoffs below a folder; twice adds nothing."
    parser = Parser(prog="bakeoff sync", description=description)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("outputs"), help="an output folder (outputs)")
    parser.add_argument("--uri", help="another tracker than the runs name, also for runs with tracking=none")
    words = parser.parse_args(argv)
    report = sync(words.folder, words.uri)
    places = f" to {', '.join(sorted(report.stores))}" if report.stores else ""
    print(
        f"{_count(report.runs, 'run')} and {_count(report.bakeoffs, 'bakeoff')}: {report.points:,} points sent{places}"
    )
    if report.running:
        print(f"{report.running} of them still running")
    if report.untracked:
        print(f"{report.untracked} with tracking=none left out (--uri URI sends them)")
    if report.problems:
        more = f" (and {len(report.problems) - 1} more)" if len(report.problems) > 1 else ""
        raise TrackerNotSynced(
            "tracking.not_synced",
            "sync",
            words.folder,
            report.problems[0] + more,
            next_step="give the command again when the tracker answers, or --uri URI for another one",
        )


def sync(folder: Path, uri: str | None) -> SyncReport:
    """Sends what is new below ``folder``, to where the runs say, or to ``uri``.

    Raises:
        ConfigError: there is no run below the folder.
    """
    from bakeoff.tracking.folder_sync import Target, sync_folder  # mlflow takes seconds to import
    from bakeoff.tracking.settings import Tracking

    address = Tracking(uri=uri).store(folder) if uri else None
    target = Target(address, artifacts_of(address)) if address else None
    report = sync_folder(folder, target=target)
    if not report.found:
        problem = f"no run and no bakeoff there (looked in {folder.resolve()})"
        raise ConfigError("config.no_run", "sync", folder, problem, next_step="bakeoff sync FOLDER")
    return report


def artifacts_of(uri: str) -> Path:
    """Where a store keeps the files of a new experiment: beside its database; a server decides for itself."""
    return sqlite_path(uri).parent / "mlflow-artifacts"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
