"""One trial: a pure function of its resolved configuration and seed, from data to an atomically written result.

What its folder holds stands in `bakeoff.record.layout`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from bakeoff.errors import one_line
from bakeoff.files import clear_unfinished, read_json, write_json
from bakeoff.record.kills import num_kills
from bakeoff.record.layout import APART, CHECKPOINT, CONFIG, ERROR, RESULT, RUN
from bakeoff.training.devices.memory import settings_now, times_out_of_memory
from bakeoff.training.devices.placement import memory_mb, peak_memory_mb, train
from bakeoff.training.devices.ranks import ranks_from_outside
from bakeoff.training.loop.checkpoints import AtomicCheckpointIO
from bakeoff.training.loop.divergence import Diverged
from bakeoff.training.loop.pruning import Pruned
from bakeoff.training.trial.energy import metered
from bakeoff.training.trial.fitting import Training, train_model

RESULT_VERSION = 1


@dataclass(frozen=True)
class TrialLabel:
    """What a trial is called and belongs to; no part of what it computes."""

    trial_id: str
    contender: str
    role: str = "train"
    """``train`` (a run of its own), ``contender`` or ``baseline``."""
    bakeoff_id: str | None = None


def run_trial(
    training: Training,
    *,
    label: TrialLabel,
    conclude: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    own_process: bool = False,
) -> dict[str, Any]:
    """Trains, selects on validation, predicts the test inputs, and returns what ``result.json`` holds.

    Args:
        training: of the trial; a folder with a result returns that result, one with a checkpoint goes on from it.
        label: what the trial is called.
        conclude: adds to the result of a finished trial, before it is written.
        own_process: this process is the trial's own, and whoever started it tries again where memory runs out.

    Raises:
        EnvironmentFault: memory ran out, also in fresh processes with smaller parts of batches.
        Interrupted: a signal asked for the end; there is no result yet, and the same call goes on from where it was.
    """
    trial, folder = training.trial, training.folder
    if (folder / RESULT).exists():
        return read_json(folder / RESULT)
    torch.set_num_threads(trial.trainer.threads)
    outside = ranks_from_outside()
    if outside is not None and not outside.is_first:
        return _assist(training)
    clear_unfinished(folder)
    write_json(folder / CONFIG, trial.raw)
    about = {**asdict(label), "model": trial.model, "family": trial.family, "seed": trial.seed}
    started, memory_at_start_mb = time.time(), memory_mb()
    if not (folder / RUN).exists():
        write_json(folder / RUN, about | {"task": trial.task, "data": trial.data, "started": started})
    result: dict[str, Any] = {"result_version": RESULT_VERSION, **about}
    try:
        with errors_noted(folder), metered(training.energy) as metered_so_far:
            result |= train(training, own_process=own_process)
        result |= metered_so_far
    except Pruned as error:
        result |= {"status": "pruned", "why": str(error)}
    except Diverged as error:
        result |= {"status": "diverged", "why": str(error), "gradients": "exploding"}
        result["nonfinite_steps"] = error.nonfinite_steps
    result |= {"batch_size": trial.batch_size, "accumulate": settings_now(trial, folder).accumulate}
    result |= {"out_of_memory": times_out_of_memory(folder), "killed": num_kills(folder), "started": started}
    if (folder / APART).exists():
        result["apart"] = read_json(folder / APART)["why"]
    result["wall_seconds"] = round(time.time() - started, 3)
    result.setdefault("peak_memory_mb", peak_memory_mb(memory_at_start_mb))
    if conclude is not None and result["status"] == "finished":
        result |= conclude(result)
    write_json(folder / RESULT, result)
    AtomicCheckpointIO().remove_checkpoint(folder / CHECKPOINT)
    return result


@contextmanager
def errors_noted(folder: Path) -> Iterator[None]:
    """Leaves an error of the block in ``error.json``, which tells a trial that failed from one that was killed."""
    path = folder / ERROR
    path.unlink(missing_ok=True)
    try:
        yield
    except (Pruned, Diverged):
        raise
    except Exception as error:
        write_json(path, {"why": one_line(error)})
        raise


def _assist(training: Training) -> dict[str, Any]:
    """A process's part in a trial that another one, started with it, writes down and speaks of."""
    try:
        if not training.trial.is_fitted:
            train_model(training, settings_now(training.trial, training.folder))
    except Diverged:
        return {"status": "diverged"}  # which the first process finds too
    return {"status": "finished"}
