"""Sends everything below a folder that its tracker does not have yet; what it has is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from bakeoff.record.layout import PLAN, RUN, TRACKING_LOCK, TRIALS
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import read
from bakeoff.tracking.bakeoff_sync import BakeoffSync
from bakeoff.tracking.secrets import mask_text, without_credentials
from bakeoff.tracking.server import StoreUnreachable
from bakeoff.tracking.store import Store
from bakeoff.tracking.trial_sync import TrialSync
from bakeoff.tracking.watch import Kind, Watch


@dataclass
class SyncReport:
    """What became of a folder's runs and bakeoffs."""

    runs: int = 0
    """Runs of their own."""
    bakeoffs: int = 0
    points: int = 0
    """Values that were sent."""
    untracked: int = 0
    """Runs and bakeoffs that were never to be tracked."""
    running: int = 0
    """Of the runs and bakeoffs, those that a process is still working on."""
    stores: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        """Runs and bakeoffs, tracked or not."""
        return self.runs + self.bakeoffs + self.untracked


@dataclass(frozen=True)
class Target:
    """Where to send everything, in place of where the folders say."""

    uri: str
    artifacts: Path

    def experiment(self, folder: Path) -> str:
        """The experiment of a folder that names none."""
        if (folder / PLAN).exists():
            plan = RecordedPlan.from_dict(read(folder / PLAN))
            return f"{plan.task}/{plan.data}"
        about = read(folder / RUN)
        return f"{about['task']}/{about['data']}"


def sync_folder(folder: Path, *, target: Target | None = None) -> SyncReport:
    """Sends what is new below ``folder``: runs of their own, and bakeoffs with their trials.

    Args:
        folder: a run's, a bakeoff's, or one with any number of them below it.
        target: another store than the runs remember, and also for those that were never tracked.
    """
    report = SyncReport()
    stores: dict[tuple[str, str], Store | StoreUnreachable] = {}
    for kind, work in find_work(folder):
        watch = Watch.remembered(work)
        if watch is None and target is None:
            report.untracked += 1
            continue
        report.runs, report.bakeoffs = report.runs + (kind == "trial"), report.bakeoffs + (kind == "bakeoff")
        try:
            store = _store(stores, watch, target, work)
            report.stores.add(without_credentials(store.uri))
            report.points += _send(kind, work, store, watch, report)
        except Exception as error:  # the others can be sent all the same
            report.problems.append(mask_text(f"{work}: {error}"))
    return report


def find_work(folder: Path) -> Iterator[tuple[Kind, Path]]:
    """The bakeoffs, and the runs that belong to none, at and below a folder; a bakeoff's trial is its bakeoff."""
    if folder.parent.name == TRIALS and (folder.parent.parent / PLAN).exists():
        folder = folder.parent.parent
    bakeoffs = [path.parent for path in _below(folder, PLAN)]
    yield from (("bakeoff", path) for path in bakeoffs)
    inside = set(bakeoffs)
    for path in _below(folder, RUN):
        if not inside.intersection(path.parents):
            yield "trial", path.parent


def _below(folder: Path, name: str) -> list[Path]:
    """Files of this name, but for the copies that a local store keeps of them."""
    return sorted(path for path in folder.glob(f"**/{name}") if path.parent.name != "artifacts")


def _store(
    stores: dict[tuple[str, str], Store | StoreUnreachable], watch: Watch | None, target: Target | None, folder: Path
) -> Store:
    """The folder's store, opened once; one that does not answer is asked once."""
    experiment = watch.experiment if watch is not None else ""
    if target is not None:
        address = (target.uri, experiment or target.experiment(folder))
        artifacts = target.artifacts
    else:
        assert watch is not None
        address, artifacts = (watch.uri, experiment), Path(watch.artifacts)
    away = next((at for (uri, _), at in stores.items() if uri == address[0] and isinstance(at, Exception)), None)
    if address not in stores:
        try:
            stores[address] = away or Store(*address, artifacts)
        except StoreUnreachable as error:
            stores[address] = error
    store = stores[address]
    if isinstance(store, StoreUnreachable):
        raise store
    return store


def _send(kind: Kind, folder: Path, store: Store, watch: Watch | None, report: SyncReport) -> int:
    """The number of values that were sent; what nobody works on any more, and has no result, was killed."""
    owner = None if watch is None or watch.owner.gone else watch.owner
    report.running += owner is not None
    sender: TrialSync | BakeoffSync
    sender = (TrialSync if kind == "trial" else BakeoffSync)(folder, owner=owner, check=True)
    with FileLock(folder / TRACKING_LOCK, timeout=30.0):
        sender.send(store, ended=owner is None)
    return sender.sent
