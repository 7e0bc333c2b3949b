"""Runs trials on this machine: each in a process of its own, several at once, from a preloaded fork server."""

from __future__ import annotations

import multiprocessing.connection
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from bakeoff.comparison.running import trial_process
from bakeoff.comparison.running.attempts import Attempt, after, first_attempts
from bakeoff.comparison.running.job import Job, Needs, OnEnd, OnWait
from bakeoff.comparison.running.kernel_kills import KernelKills
from bakeoff.comparison.running.order import Ending
from bakeoff.comparison.running.trial_process import POLL_S, TrialProcess
from bakeoff.config.processes import Process
from bakeoff.files import read_json
from bakeoff.ranges import Count, Positive, WholeNumber
from bakeoff.record.layout import RESULT


@dataclass
class _Running:
    attempt: Attempt
    slot: int
    process: TrialProcess


class LocalExecutor:
    """All cores, or all GPUs, of this machine.

    Args:
        workers: trials at once; None is one for every ``trainer.devices`` GPUs, or on CPU, one for every ``threads``
            cores of each device.
        timeout_s: a trial that takes longer is stopped and scored as the trivial predictor; None waits for ever.
        retries: how often a trial whose process was killed is started again, with the same seed.
    """

    def __init__(
        self, *, workers: Count | None = None, timeout_s: Positive | None = None, retries: WholeNumber = 1
    ) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, or null; got {workers}")
        self.workers = workers
        self.timeout_s = timeout_s
        self.retries = retries

    def warm_up(self, modules: Sequence[str]) -> None:
        """Starts the fork server and its imports, so that they run while the bakeoff is being planned."""
        trial_process.begin(modules)

    def slots(self, needs: Needs) -> int:
        """How many such trials run at once."""
        groups = 0 if needs.on_cpu else torch.cuda.device_count() // needs.devices
        return self.workers or groups or max(int(self.cores()) // needs.cores, 1)

    def cores(self) -> float:
        """Those of this machine."""
        return float(os.cpu_count() or 1)

    def run(self, jobs: Sequence[Job], *, on_end: OnEnd, on_wait: OnWait | None = None) -> None:
        """Runs the jobs that have no result yet, in order; ``on_end`` is told of each ended, ``on_wait`` between.

        When it is interrupted, trials that run get a few seconds to save their state.
        """
        waiting = first_attempts(jobs)
        free = list(range(self.slots(Needs.of(*(job.config["trainer"] for job in jobs)))))[::-1]
        running: dict[int, _Running] = {}
        kills = KernelKills()
        try:
            while waiting or running:
                while waiting and free:
                    started = self._start(waiting.pop(0), free.pop())
                    running[started.process.sentinel] = started
                if on_wait is not None:
                    on_wait([job for one in running.values() for job in one.attempt.jobs])
                for sentinel, ending in _endings(running, kills):
                    ended = running.pop(sentinel)
                    free.append(ended.slot)
                    again, over = after(ended.attempt, ending, retries=self.retries)
                    waiting[:0] = again
                    for job in over:
                        on_end(job, read_json(job.folder / RESULT))
        finally:
            trial_process.stop([left.process for left in running.values()])

    def close(self) -> None:
        """Nothing: the fork server ends with the bakeoff."""

    def _start(self, attempt: Attempt, slot: int) -> _Running:
        devices = int(attempt.job.config["trainer"]["devices"])
        device = visible_gpus(slot, gpus=torch.cuda.device_count(), devices=devices)
        process = TrialProcess(attempt.order, device=device, bakeoff=Process.this(), timeout_s=self.timeout_s)
        return _Running(attempt, slot, process)


def visible_gpus(slot: int, *, gpus: int, devices: int) -> str | None:
    """``CUDA_VISIBLE_DEVICES`` of a trial: as many neighbours as it has devices, shared only where slots are many."""
    if not gpus:
        return None
    first = slot % max(gpus // devices, 1) * devices
    return ",".join(str(gpu) for gpu in range(first, min(first + devices, gpus)))


def _endings(running: Mapping[int, _Running], kills: KernelKills) -> list[tuple[int, Ending]]:
    """The attempts that have ended, of themselves or because they were late; waits a moment for the first."""
    ready = multiprocessing.connection.wait(list(running), timeout=POLL_S)
    ended = [(sentinel, running[sentinel].process.ending(kills)) for sentinel in running if sentinel in ready]
    late = [sentinel for sentinel, trial in running.items() if sentinel not in ready and trial.process.late]
    return ended + [(sentinel, running[sentinel].process.stop_late()) for sentinel in late]
