"""The process beside the work: passes over all followed folders every few seconds until its input ends."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from bakeoff.record.layout import TRACKING_LOCK
from bakeoff.tracking.follower import CLOSE
from bakeoff.tracking.secrets import mask_text
from bakeoff.tracking.system_metrics import SystemSampler
from bakeoff.tracking.watch import Watch

if TYPE_CHECKING:
    from bakeoff.tracking.bakeoff_sync import BakeoffSync
    from bakeoff.tracking.store import Store
    from bakeoff.tracking.trial_sync import TrialSync

HURRY_S = 5.0
"""How long it outlives a parent that was killed or stopped; the trials of one that was stopped had as long to save."""
LONGEST_PAUSE_S = 60.0
"""Between tries, while the store is away."""
LAST_TRIES = 2


@dataclass
class _End:
    """The end of the input."""

    orderly: bool


@dataclass
class _Following:
    """What is followed, and where it goes."""

    sampler: SystemSampler
    watches: list[Watch] = field(default_factory=list)
    senders: dict[str, TrialSync | BakeoffSync] = field(default_factory=dict)
    stores: dict[tuple[str, str], Store] = field(default_factory=dict)


def main() -> None:
    """The process."""
    os.nice(2)  # behind training, but not so far that it could not end a killed run in seconds on a full machine
    inbox: queue.Queue[Watch | _End] = queue.Queue()
    threading.Thread(target=_read, args=(inbox,), daemon=True).start()
    following = _Following(SystemSampler())
    why, pause, end = None, 0.0, None
    while end is None:
        usual = min((watch.every_s for watch in following.watches), default=None)
        end = _take(inbox, following, None if usual is None else max(usual, pause))
        why = _pass(following, ended=end is not None)
        pause = 0.0 if why is None else min(max(2 * pause, usual or 1.0), LONGEST_PAUSE_S)
    for _ in range(LAST_TRIES - 1 if end.orderly else 0):
        if why is not None:
            time.sleep(1.0)
            why = _pass(following, ended=True)
    print(json.dumps({"why": why}), flush=True)


def _read(inbox: queue.Queue[Watch | _End]) -> None:
    """Takes orders; what the parent forked may hold the pipe open after the last one."""
    for line in sys.stdin:
        if line.strip() == CLOSE:
            inbox.put(_End(orderly=True))
            return
        inbox.put(Watch.from_dict(json.loads(line)))
    inbox.put(_End(orderly=False))
    time.sleep(HURRY_S)
    os._exit(1)


def _take(inbox: queue.Queue[Watch | _End], following: _Following, wait: float | None) -> _End | None:
    """Waits for news at most so long; the end of the input, once it comes."""
    try:
        news = inbox.get(timeout=wait)
    except queue.Empty:
        return None
    if isinstance(news, _End):
        return news
    following.watches.append(news)
    following.sampler.follow(news)
    return None


def _pass(following: _Following, *, ended: bool) -> str | None:
    """One pass over the folders; returns why the store has not everything, or None. Finished trials are let go."""
    why = None
    for watch in list(following.watches):
        try:
            if _send(following, watch, ended=ended):
                following.watches.remove(watch)
                following.senders.pop(watch.folder, None)
                following.sampler.forget(watch)
        except Exception as error:  # whatever ails the store, the local log stands and the next pass tries again
            why = mask_text(f"{type(error).__name__}: {error}")[:500]
    return why


def _send(following: _Following, watch: Watch, *, ended: bool) -> bool:
    store = _store(following, watch)
    folder = Path(watch.folder)
    if watch.folder not in following.senders:
        following.senders[watch.folder] = _sender(watch)
    with FileLock(folder / TRACKING_LOCK, timeout=30.0):  # one that lost its parent may be at it
        if ended and watch.taken_over:
            return True
        return following.senders[watch.folder].send(store, ended=ended)


def _sender(watch: Watch) -> TrialSync | BakeoffSync:
    """Imported after the first request: mlflow takes seconds, and only a bakeoff's verdict statistics."""
    folder = Path(watch.folder)
    if watch.kind == "trial":
        from bakeoff.tracking.trial_sync import TrialSync

        return TrialSync(folder, owner=watch.owner)
    from bakeoff.tracking.bakeoff_sync import BakeoffSync

    return BakeoffSync(folder, owner=watch.owner)


def _store(following: _Following, watch: Watch) -> Store:
    """The open store; at the first contact, runs that a killed process left behind are ended."""
    from bakeoff.tracking.store import Store

    address = (watch.uri, watch.experiment)
    if address in following.stores:
        following.stores[address].probe()
    else:
        store = Store(*address, Path(watch.artifacts))
        store.end_orphans()
        following.stores[address] = store
    return following.stores[address]


if __name__ == "__main__":
    main()
