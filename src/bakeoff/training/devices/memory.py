"""Trials that ran out of memory: they are run again in a fresh process, each batch in twice as many parts.

A part is half of what was too large, and the gradients of all parts add up to that of the whole batch, so that data
order, number of optimizer steps and learning rates stay those of the configured batch size: the trial remains the same
trial. Batch normalisation alone sees the difference, since its statistics are those of a part.

How often this happened is kept in the trial's folder, so that the same command does not run into it anew.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

from bakeoff.data.batches.batch import FEWEST_ROWS
from bakeoff.errors import EnvironmentFault
from bakeoff.files import read_json, write_json
from bakeoff.record.layout import SHORTAGES
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.settings import TrainerSettings

MOST_HALVINGS = 2
_SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "std::bad_alloc")
"""What CUDA's, MPS's, the CPU's allocator and C++ say."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, of this process or of its device."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)
    )


def times_out_of_memory(folder: Path) -> int:
    """How often the trial of this folder has run out of memory; its batches are halved as often."""
    try:
        return int(read_json(folder / SHORTAGES)["times"])
    except FileNotFoundError:
        return 0


def settings_now(trial: TrialConfig, folder: Path) -> TrainerSettings:
    """How the trial of this folder trains by now: its batches are in more parts each time memory ran out."""
    return replace(trial.trainer, accumulate=trial.trainer.accumulate * 2 ** times_out_of_memory(folder))


def halve(folder: Path, trial: TrialConfig) -> bool:
    """Notes that the trial ran out of memory; whether it may be tried again with parts of half the size."""
    times, settings = times_out_of_memory(folder), settings_now(trial, folder)
    part = trial.batch_size // settings.accumulate
    if times >= MOST_HALVINGS or part < FEWEST_ROWS * 2 or settings.num_ranks > 1:
        return False
    write_json(folder / SHORTAGES, {"times": times + 1})
    return True


def out_of_memory(folder: Path, trial: TrialConfig) -> EnvironmentFault:
    """What is told of a trial that ran out of memory and has no smaller parts to try."""
    times, ranks = times_out_of_memory(folder), trial.trainer.num_ranks
    if ranks > 1:
        step = "a smaller data.batch_size, which is that of one device, or trainer=fsdp"
        return EnvironmentFault("env.out_of_memory", "trainer.devices", ranks, "memory ran out", next_step=step)
    parts = settings_now(trial, folder).accumulate
    problem = "memory ran out" + (f", also with each batch in {parts} parts" if times else "")
    step = f"trainer.accumulate={2 * parts} takes less memory a step, a smaller model less throughout"
    return EnvironmentFault("env.out_of_memory", "model", trial.model, problem, next_step=step)
