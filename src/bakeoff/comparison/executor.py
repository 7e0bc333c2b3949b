"""Runs trials on this machine: each in a process of its own, several at once, from a preloaded fork server."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from bakeoff.comparison.worker import failure, work
from bakeoff.files import read_json, write_json
from bakeoff.training.trial import TrialLabel

POLL_S = 1.0


@dataclass(frozen=True)
class Job:
    """A trial to run."""

    config: Mapping[str, Any]
    folder: Path
    label: TrialLabel
    allow_code: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether its result lies in its folder."""
        return (self.folder / "result.json").exists()


@dataclass
class _Running:
    job: Job
    slot: int
    process: ForkServerProcess
    started: float
    attempt: int


class LocalExecutor:
    """All cores, or all GPUs, of this machine.

    Args:
        workers: trials at once; None is one a GPU, or without one, one for every ``threads`` cores.
        timeout_s: a trial that takes longer is stopped and scored as the trivial predictor; None waits for ever.
        retries: how often a trial whose process was killed is started again, with the same seed.
    """

    def __init__(self, *, workers: int | None = None, timeout_s: float | None = None, retries: int = 1) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, or null; got {workers}")
        self.workers = workers
        self.timeout_s = timeout_s
        self.retries = retries
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([work.__module__])

    def warm_up(self) -> None:
        """Starts the fork server and its imports, so that they run while the bakeoff is being planned."""
        process = self._context.Process(target=os.getpid)
        with main_module_hidden():
            process.start()

    def slots(self, threads: int) -> int:
        """How many trials run at once."""
        gpus = torch.cuda.device_count()
        return self.workers or gpus or max((os.cpu_count() or 1) // threads, 1)

    def run(self, jobs: Sequence[Job], *, on_end: Callable[[Job, dict[str, Any]], None], threads: int = 1) -> None:
        """Runs the jobs that have no result yet, in order; ``on_end`` is told of each as it ends."""
        waiting = [(job, 0) for job in jobs if not job.finished]
        free = list(range(self.slots(threads)))[::-1]
        running: dict[int, _Running] = {}
        try:
            while waiting or running:
                while waiting and free:
                    job, attempt = waiting.pop(0)
                    started = self._start(job, free.pop(), attempt)
                    running[started.process.sentinel] = started
                ready = multiprocessing.connection.wait(list(running), timeout=POLL_S)
                for sentinel in [*ready, *self._late(running)]:
                    ended = running.pop(sentinel)  # type: ignore[arg-type]  # sentinels are ints on POSIX
                    free.append(ended.slot)
                    if self._killed(ended) and ended.attempt < self.retries:
                        waiting.insert(0, (ended.job, ended.attempt + 1))
                    else:
                        on_end(ended.job, self._result(ended))
        finally:
            for left in running.values():
                left.process.kill()
                left.process.join()

    def _start(self, job: Job, slot: int, attempt: int) -> _Running:
        gpus = torch.cuda.device_count()
        device = str(slot % gpus) if gpus else None
        arguments = (job.config, job.folder, job.label, device, job.allow_code)
        process = self._context.Process(target=work, args=arguments)
        with main_module_hidden():
            process.start()
        return _Running(job, slot, process, time.monotonic(), attempt)

    def _late(self, running: Mapping[int, _Running]) -> list[int]:
        """Stops trials that are over their time."""
        if self.timeout_s is None:
            return []
        late = [
            key
            for key, trial in running.items()
            if time.monotonic() - trial.started > self.timeout_s and trial.process.is_alive()
        ]
        for key in late:
            running[key].process.kill()
            trial = running[key]
            write_json(
                trial.job.folder / "result.json",
                failure(trial.job.config, trial.job.label, "failed", f"stopped after {self.timeout_s:.0f} s"),
            )
        return late

    @staticmethod
    def _killed(ended: _Running) -> bool:
        """Whether the process died without a result; what killed it is noted in the trial's log."""
        ended.process.join()
        if ended.job.finished:
            return False
        ended.job.folder.mkdir(parents=True, exist_ok=True)
        with (ended.job.folder / "log.txt").open("a") as log:
            log.write(f"the process ended with exit code {ended.process.exitcode} and no result\n")
        return True

    @staticmethod
    def _result(ended: _Running) -> dict[str, Any]:
        path = ended.job.folder / "result.json"
        if not path.exists():
            why = f"killed {ended.attempt + 1} times (exit code {ended.process.exitcode})"
            write_json(path, failure(ended.job.config, ended.job.label, "failed", why))
        return read_json(path)


@contextmanager
def main_module_hidden() -> Iterator[None]:
    """Keeps multiprocessing from importing the calling script again in every trial.

    A trial needs nothing of it, a script without a main guard would run again, and standard input can't be read twice.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
