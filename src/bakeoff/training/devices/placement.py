"""Where a trial trains: in this process, in one for each device, or in a fresh one after memory ran out."""

from __future__ import annotations

import gc
import resource
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psutil
import torch

from bakeoff.training.devices.memory import halve, is_out_of_memory, out_of_memory, settings_now
from bakeoff.training.devices.rank_processes import run_on_devices
from bakeoff.training.devices.ranks import Ranks, ranks_from_outside
from bakeoff.training.loop.interruption import interruptible
from bakeoff.training.trial.fitting import Training, train_model
from bakeoff.training.trial.settings import TrainerSettings


def train(training: Training, *, own_process: bool) -> dict[str, Any]:
    """What was measured; after memory ran out, by a fresh process with each batch in twice as many parts.

    Args:
        training: of the trial.
        own_process: this process is the trial's own. Its ranks are then forks of it, and where memory runs out, whoever
            started it has to try again; else both take fresh processes.

    Raises:
        EnvironmentFault: memory ran out, and there are no smaller parts to try.
        Exception: as `train_model`; in a process of the trial's own, also what says that memory ran out.
    """
    trial, folder, fresh = training.trial, training.folder, False
    while True:
        try:
            settings = settings_now(trial, folder)
            alone = settings.num_ranks == 1 or ranks_from_outside() is not None or trial.is_fitted
            if fresh or not alone:
                return _in_processes(training, settings, forked=own_process)
            return train_model(training, settings)
        except Exception as error:
            if own_process or not is_out_of_memory(error):
                raise
            if trial.is_fitted or not halve(folder, trial):
                raise out_of_memory(folder, trial) from error
        _free(training)  # out here, where the error no longer holds the tensors of what raised it
        fresh = True


def _in_processes(training: Training, settings: TrainerSettings, *, forked: bool) -> dict[str, Any]:
    told = replace(training, folder=training.folder.resolve(), data=None, say=None)
    request = {"training": told, "speaks": training.say is not None}
    with interruptible() as interruption:
        found: dict[str, Any] = run_on_devices(
            train_as_rank, request, num_ranks=settings.num_ranks, interruption=interruption, forked=forked
        )
    return found


def _free(training: Training) -> None:
    """Gives the memory of a failed attempt back, and tells of the next one."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if training.say is not None:
        parts = settings_now(training.trial, training.folder).accumulate
        training.say(f"out of memory: again in a fresh process, each batch in {parts} parts, with the same steps")


def train_as_rank(request: Mapping[str, Any], ranks: Ranks) -> dict[str, Any] | None:
    """One process's part in a trial; the first returns what was measured."""
    training: Training = request["training"]
    settings = settings_now(training.trial, training.folder)
    torch.set_num_threads(settings.threads)
    before = memory_mb()
    if not ranks.is_first:
        train_model(training, settings)
        return None
    if request["speaks"]:
        training = replace(training, say=lambda line: print(line, flush=True))
    return train_model(training, settings) | {"peak_memory_mb": peak_memory_mb(before)}


def memory_mb() -> float:
    """What this process holds; MiB."""
    return psutil.Process().memory_info().rss / 2**20


def peak_memory_mb(at_start_mb: float) -> float:
    """The peak of this process above what it held at the trial's start, or of its GPU; MiB."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return round(max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10 - at_start_mb, 0.0), 1)
