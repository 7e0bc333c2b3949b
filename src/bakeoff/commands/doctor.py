"""``bakeoff doctor``: whether this machine has what bakeoff needs."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import sqlite3
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from rich.markup import escape

from bakeoff.commands.arguments import Parser
from bakeoff.commands.listing import plain_table, show
from bakeoff.config.locate import conf_dir
from bakeoff.errors import EnvironmentFault

LOW_DISK_GB = 2.0
LOW_MEMORY_GB = 1.0


@dataclass(frozen=True)
class Item:
    """One thing that was looked at: ``ok``, ``note`` (works without) or ``broken`` (does not work)."""

    what: str
    status: str
    detail: str


def run(argv: Sequence[str]) -> None:
    """Prints what was found.

    Raises:
        EnvironmentFault: something that bakeoff can't work without is broken.
    """
    parser = Parser(prog="bakeoff doctor", description="Whether this machine has what bakeoff needs.")
    parser.add_argument("--output-dir", type=Path, default=Path("outputs"), help="where runs will be written")
    parser.add_argument("--offline", action="store_true", help="do not look for the hub")
    arguments = parser.parse_args(argv)
    findings = [*_python(), *_packages(), _torch(), *_machine(arguments.output_dir), _store(arguments.output_dir)]
    findings += [] if arguments.offline else [hub()]
    table = plain_table("", "", "")
    colours = {"ok": "green", "note": "yellow", "broken": "red"}
    for finding in findings:
        table.add_row(finding.what, f"[{colours[finding.status]}]{finding.status}", escape(finding.detail))
    show(table)
    broken = [f"{finding.what} ({finding.detail})" for finding in findings if finding.status == "broken"]
    if broken:
        step = "mend what is marked broken above; make setup installs the exact versions that were tested"
        raise EnvironmentFault(
            "env.broken", "doctor", ", ".join(broken), "bakeoff can't work like this", next_step=step
        )


def _python() -> list[Item]:
    version = sys.version.split()[0]
    status = "ok" if sys.version_info >= (3, 11) else "broken"
    return [Item("python", status, f"{version}, 3.11 or later is needed"), _configuration()]


def _configuration() -> Item:
    try:
        return Item("conf", "ok", str(conf_dir()))
    except FileNotFoundError as error:
        return Item("conf", "broken", str(error))


def _packages() -> list[Item]:
    """The requirements of the package, its extras in one line each."""
    findings = []
    extras: dict[str, list[str]] = {}
    for text in importlib.metadata.requires("bakeoff") or ():
        requirement = Requirement(text)
        extra = str(requirement.marker).partition("extra == ")[2].strip("\"' ") if requirement.marker else ""
        if extra:
            extras.setdefault(extra, []).append(requirement_state(requirement))
        else:
            state = requirement_state(requirement)
            findings.append(Item("package", "broken" if "needed" in state else "ok", state))
    for extra, states in extras.items():
        missing = [state for state in states if "needed" in state]
        findings.append(Item(f"extra {extra}", "note" if missing else "ok", "; ".join(missing) or ", ".join(states)))
    return findings


def requirement_state(requirement: Requirement) -> str:
    """The installed version, or what is needed where it is missing or another."""
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed; {requirement.name}{requirement.specifier} is needed"
    if not requirement.specifier.contains(version, prereleases=True):
        return f"{requirement.name} {version} is installed; {requirement.specifier} is needed"
    return f"{requirement.name} {version}"


def _torch() -> Item:
    try:
        import torch
    except Exception as error:  # a broken installation fails in many ways
        return Item("torch device", "broken", f"torch can't be imported: {error}")
    if torch.cuda.is_available():
        return Item("torch device", "ok", f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}")
    if torch.backends.mps.is_available():
        return Item("torch device", "ok", "mps")
    return Item("torch device", "ok", f"cpu, {torch.get_num_threads()} threads")


def _machine(output_dir: Path) -> list[Item]:
    import psutil

    memory_gb = psutil.virtual_memory().available / 1e9
    disk_gb = shutil.disk_usage(nearest_folder(output_dir)).free / 1e9
    return [
        Item("cores", "ok", str(psutil.cpu_count())),
        Item("memory", "ok" if memory_gb > LOW_MEMORY_GB else "note", f"{memory_gb:.1f} GB free"),
        Item("disk", "ok" if disk_gb > LOW_DISK_GB else "note", f"{disk_gb:.1f} GB free at {output_dir.resolve()}"),
        _cache(),
    ]


def _cache() -> Item:
    try:
        from bakeoff.data.cache import cache_root

        cache = cache_root()
    except Exception as error:  # no home folder, or a package that can't be imported
        return Item("data cache", "broken", str(error))
    if not writable(cache):
        return Item("data cache", "broken", f"{cache} is not writable")
    return Item("data cache", "ok", str(cache))


def nearest_folder(path: Path) -> Path:
    """``path``, or the closest folder above it that exists."""
    path = path.resolve()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def writable(path: Path) -> bool:
    """Whether files can be made at ``path``, or at the folder where it would be made."""
    return os.access(nearest_folder(path), os.W_OK | os.X_OK)


def _store(output_dir: Path) -> Item:
    """The MLflow store: writable, whether or not it exists yet. Nothing is written."""
    store = output_dir / "mlflow.db"
    if not writable(output_dir):
        return Item("MLflow store", "broken", f"{output_dir.resolve()} is not writable")
    if not store.exists():
        return Item("MLflow store", "ok", f"{store.resolve()} will be made by the first run")
    try:
        with contextlib.closing(sqlite3.connect(store, timeout=2.0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:
        return Item("MLflow store", "broken", f"{store.resolve()}: {error}")
    return Item("MLflow store", "ok", str(store.resolve()))


def hub(*, timeout_s: float = 2.0) -> Item:
    """Whether the Hugging Face hub answers in time; without it, embedded and local data still work."""
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    answer: list[str] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=timeout_s):
                answer.append("")
        except urllib.error.HTTPError:
            answer.append("")  # it answered, if only to refuse
        except (OSError, ValueError) as error:
            answer.append(str(error))

    # In a thread, since looking up a name can hang far longer than any timeout.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if answer == [""]:
        return Item("hub", "ok", f"{address} answers")
    why = answer[0] if answer else f"no answer within {timeout_s:.0f} s"
    return Item("hub", "note", f"{address}: {why}; embedded and local data work")
