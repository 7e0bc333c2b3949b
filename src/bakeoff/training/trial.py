"""One trial: a pure function of its resolved configuration and seed, from data to an atomically written result.

A trial's folder:

```
config.json               the resolved configuration
run.json                  what the trial is called and belongs to
metrics.jsonl             the metric log
last.ckpt                 the resume point, while it trains, and last.previous.ckpt, the one before
weights.safetensors       the selected weights
spec.json                 what the data was: classes, shapes, normalisation
test_predictions.npz      what it says of the test inputs; no test label is in reach of a trial
result.json               written last; a folder with a result is never run again
```
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch

from bakeoff.config import build
from bakeoff.data.module import TaskData
from bakeoff.files import read_json, write_json
from bakeoff.tasks.divergence import Diverged
from bakeoff.training.checkpoints import AtomicCheckpointIO
from bakeoff.training.fitted_trial import is_fitted
from bakeoff.training.fitting import train_model
from bakeoff.training.interruption import interruptible
from bakeoff.training.memory import times_out_of_memory
from bakeoff.training.pruning import Pruned, Pruning, pruning_of
from bakeoff.training.rank_processes import run_on_devices
from bakeoff.training.ranks import Ranks, ranks_from_outside
from bakeoff.training.settings import TrainerSettings

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
    config: Mapping[str, Any],
    folder: Path,
    *,
    label: TrialLabel,
    data: TaskData | None = None,
    say: Callable[[str], None] | None = None,
    conclude: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    pruning: Pruning | None = None,
) -> dict[str, Any]:
    """Trains, selects on validation, predicts the test inputs, and returns what ``result.json`` holds.

    Args:
        config: a resolved trial configuration, plain types only.
        folder: the trial's own; a folder with a result returns that result, one with a checkpoint goes on from it.
        label: what the trial is called.
        data: the trial's data where the caller has it set up already.
        say: prints progress; None trains in silence.
        conclude: adds to the result of a finished trial, before it is written.
        pruning: ends a trial of a study early.

    Raises:
        Interrupted: a signal asked for the end; there is no result yet, and the same call goes on from where it was.
    """
    if (folder / "result.json").exists():
        return read_json(folder / "result.json")
    settings: TrainerSettings = build(config["trainer"], "trainer")
    starved = times_out_of_memory(folder)
    settings = replace(settings, accumulate=settings.accumulate * 2**starved)
    torch.set_num_threads(settings.threads)
    outside = ranks_from_outside()
    if outside is not None and not outside.is_first:
        return _assist(config, folder, settings, data)
    write_json(folder / "config.json", config)
    if not (folder / "run.json").exists():
        write_json(folder / "run.json", _describe(config, label) | {"started": time.time()})
    result: dict[str, Any] = {"result_version": RESULT_VERSION, **asdict(label)}
    result |= {"model": config["model"]["name"], "family": config["model"]["family"], "seed": config["seed"]}
    started = time.time()
    memory_mb = psutil.Process().memory_info().rss / 2**20
    try:
        if settings.num_ranks > 1 and outside is None and not is_fitted(config):
            result |= _train_on_devices(config, folder, settings, say, pruning)
        else:
            result |= train_model(config, folder, settings, data=data, say=say, pruning=pruning)
    except Pruned as error:
        result |= {"status": "pruned", "why": str(error)}
    except Diverged as error:
        result |= {"status": "diverged", "why": str(error), "gradients": "exploding"}
        result["nonfinite_steps"] = error.nonfinite_steps
    result |= {"batch_size": config["data"]["batch_size"], "accumulate": settings.accumulate, "out_of_memory": starved}
    result |= {"started": started, "wall_seconds": round(time.time() - started, 3)}
    result.setdefault("peak_memory_mb", round(_peak_memory_mb(memory_mb), 1))
    if conclude is not None and result["status"] == "finished":
        result |= conclude(result)
    write_json(folder / "result.json", result)
    AtomicCheckpointIO().remove_checkpoint(folder / "last.ckpt")
    return result


def _assist(
    config: Mapping[str, Any], folder: Path, settings: TrainerSettings, data: TaskData | None
) -> dict[str, Any]:
    """A process's part in a trial that another one, started with it, writes down and speaks of."""
    try:
        if not is_fitted(config):
            train_model(config, folder, settings, data=data)
    except Diverged:
        return {"status": "diverged"}  # which the first process finds too
    return {"status": "finished"}


def _train_on_devices(
    config: Mapping[str, Any],
    folder: Path,
    settings: TrainerSettings,
    say: Callable[[str], None] | None,
    pruning: Pruning | None,
) -> dict[str, Any]:
    """As `train_model`, with a process for each device."""
    request = {
        "work": f"{__name__}:train_as_rank",
        "config": config,
        "folder": str(folder.resolve()),
        "speaks": say is not None,
        "study": None if pruning is None else pruning.where,
    }
    with interruptible() as interruption:
        found: dict[str, Any] = run_on_devices(request, num_ranks=settings.num_ranks, interruption=interruption)
    return found


def train_as_rank(request: Mapping[str, Any], ranks: Ranks) -> dict[str, Any] | None:
    """One process's part in a trial on several devices; the first returns what was measured."""
    config = request["config"]
    settings: TrainerSettings = build(config["trainer"], "trainer")
    torch.set_num_threads(settings.threads)
    memory_mb = psutil.Process().memory_info().rss / 2**20
    if not ranks.is_first:
        train_model(config, Path(request["folder"]), settings)
        return None
    pruner = pruning_of(request["study"], config) if request["study"] else None
    say = (lambda line: print(line, flush=True)) if request["speaks"] else None
    found = train_model(config, Path(request["folder"]), settings, say=say, pruning=pruner)
    return found | {"peak_memory_mb": round(_peak_memory_mb(memory_mb), 1)}


def _describe(config: Mapping[str, Any], label: TrialLabel) -> dict[str, Any]:
    names = {section: config[section]["name"] for section in ("task", "data", "model")}
    return {**asdict(label), **names, "family": config["model"]["family"], "seed": config["seed"]}


def _peak_memory_mb(at_start_mb: float) -> float:
    """The peak of this process above what it held at the trial's start, or of its GPU; MiB."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**20
    return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10 - at_start_mb, 0.0)
