"""Where a trial trains: in this process, in one for each device, or in a fresh one after memory ran out."""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch

from bakeoff.config import build
from bakeoff.data.contract import TaskData
from bakeoff.training.devices.memory import halve, is_out_of_memory, out_of_memory, times_out_of_memory
from bakeoff.training.devices.rank_processes import run_on_devices
from bakeoff.training.devices.ranks import Ranks, ranks_from_outside
from bakeoff.training.loop.interruption import interruptible
from bakeoff.training.loop.pruning import Pruning, pruning_of
from bakeoff.training.trial.fitted_trial import is_fitted
from bakeoff.training.trial.fitting import train_model
from bakeoff.training.trial.settings import TrainerSettings


@dataclass(frozen=True)
class Placement:
    """A trial's training, to be put somewhere.

    Args:
        config: a resolved trial configuration.
        folder: the trial's own.
        data: its data, where the caller has it set up already.
        say: prints progress; None trains in silence.
        pruning: ends a trial of a study early.
        own_process: this process is the trial's own. Its ranks are then forks of it, and where memory runs out, whoever
            started it has to try again; else both take fresh processes.
    """

    config: Mapping[str, Any]
    folder: Path
    data: TaskData | None = None
    say: Callable[[str], None] | None = None
    pruning: Pruning | None = None
    own_process: bool = False

    def train(self) -> dict[str, Any]:
        """What was measured; after memory ran out, by a fresh process with each batch in twice as many parts.

        Raises:
            EnvironmentFault: memory ran out, and there are no smaller parts to try.
            Exception: as `train_model`; in a process of the trial's own, also what says that memory ran out.
        """
        fresh = False
        while True:
            try:
                return self._attempt(fresh=fresh)
            except Exception as error:
                if self.own_process or not is_out_of_memory(error):
                    raise
                if is_fitted(self.config) or not halve(self.folder, self.config):
                    raise out_of_memory(self.folder, self.config) from error
            self._free()  # out here, where the error no longer holds the tensors of what raised it
            fresh = True

    def _attempt(self, *, fresh: bool) -> dict[str, Any]:
        settings = settings_now(self.config, self.folder)
        alone = settings.num_ranks == 1 or ranks_from_outside() is not None or is_fitted(self.config)
        if fresh or not alone:
            return self._in_processes(settings)
        return train_model(self.config, self.folder, settings, data=self.data, say=self.say, pruning=self.pruning)

    def _in_processes(self, settings: TrainerSettings) -> dict[str, Any]:
        request = {
            "config": self.config,
            "folder": str(self.folder.resolve()),
            "speaks": self.say is not None,
            "study": None if self.pruning is None else self.pruning.where,
        }
        ranks, forked = settings.num_ranks, self.own_process
        with interruptible() as interruption:
            found: dict[str, Any] = run_on_devices(
                train_as_rank, request, num_ranks=ranks, interruption=interruption, forked=forked
            )
        return found

    def _free(self) -> None:
        """Gives the memory of a failed attempt back, and tells of the next one."""
        gc.collect()
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if self.say is not None:
            parts = settings_now(self.config, self.folder).accumulate
            self.say(f"out of memory: again in a fresh process, each batch in {parts} parts, with the same steps")


def train_as_rank(request: Mapping[str, Any], ranks: Ranks) -> dict[str, Any] | None:
    """One process's part in a trial; the first returns what was measured."""
    config, folder = request["config"], Path(request["folder"])
    settings = settings_now(config, folder)
    torch.set_num_threads(settings.threads)
    before = memory_mb()
    if not ranks.is_first:
        train_model(config, folder, settings)
        return None
    pruner = pruning_of(request["study"], config) if request["study"] else None
    say = (lambda line: print(line, flush=True)) if request["speaks"] else None
    found = train_model(config, folder, settings, say=say, pruning=pruner)
    return found | {"peak_memory_mb": peak_memory_mb(before)}


def settings_now(config: Mapping[str, Any], folder: Path) -> TrainerSettings:
    """How the trial of this folder trains by now: its batches are in more parts each time memory ran out."""
    settings: TrainerSettings = build(config["trainer"], "trainer")
    return replace(settings, accumulate=settings.accumulate * 2 ** times_out_of_memory(folder))


def memory_mb() -> float:
    """What this process holds; MiB."""
    return psutil.Process().memory_info().rss / 2**20


def peak_memory_mb(at_start_mb: float) -> float:
    """The peak of this process above what it held at the trial's start, or of its GPU; MiB."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return round(max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10 - at_start_mb, 0.0), 1)
