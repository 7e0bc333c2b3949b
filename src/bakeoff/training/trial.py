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

import math
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytorch_lightning as pl
import torch

from bakeoff.config import build
from bakeoff.data.module import TaskData
from bakeoff.files import read_json, write_json
from bakeoff.models.cost import count_parameters, training_flops_per_example
from bakeoff.tasks.divergence import Diverged, LossGuard
from bakeoff.tasks.module import TaskModule
from bakeoff.training.assembly import assemble
from bakeoff.training.checkpoints import AtomicCheckpointIO, load_weights, newest_whole
from bakeoff.training.fitted_trial import fit_and_predict, is_fitted
from bakeoff.training.gradient_watch import GradientWatch
from bakeoff.training.interruption import interruptible
from bakeoff.training.loading import loaders
from bakeoff.training.memory import times_out_of_memory
from bakeoff.training.metric_log import MetricLog
from bakeoff.training.predictions import save_predictions
from bakeoff.training.progress import EpochLines
from bakeoff.training.pruning import Pruned, Pruning, pruning_of
from bakeoff.training.rank_processes import run_on_devices
from bakeoff.training.ranks import Ranks, check_same, gathered, join, leave, of_first, ranks_from_outside
from bakeoff.training.resume_points import ResumePoints
from bakeoff.training.selection import Selection
from bakeoff.training.settings import TrainerSettings
from bakeoff.training.trainer import adapt, make_trainer

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
            result |= _train(config, folder, settings, data, say, pruning)
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
            _train(config, folder, settings, data, None)
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
    """As `_train`, with a process for each device."""
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
        _train(config, Path(request["folder"]), settings, None, None)
        return None
    pruner = pruning_of(request["study"], config) if request["study"] else None
    say = (lambda line: print(line, flush=True)) if request["speaks"] else None
    found = _train(config, Path(request["folder"]), settings, None, say, pruner)
    return found | {"peak_memory_mb": round(_peak_memory_mb(memory_mb), 1)}


def _describe(config: Mapping[str, Any], label: TrialLabel) -> dict[str, Any]:
    names = {section: config[section]["name"] for section in ("task", "data", "model")}
    return {**asdict(label), **names, "family": config["model"]["family"], "seed": config["seed"]}


def _train(
    config: Mapping[str, Any],
    folder: Path,
    settings: TrainerSettings,
    data: TaskData | None,
    say: Callable[[str], None] | None,
    pruning: Pruning | None = None,
) -> dict[str, Any]:
    """The trial proper: what it measured, without names and clocks; of several processes, the first measures it."""
    if data is None:
        data = build(config["data"]["module"], "data.module", seed=config["seed"])
        data.setup()
    if is_fitted(config):
        write_json(folder / "spec.json", data.spec.to_dict())
        return fit_and_predict(config, folder, data)
    ranks = join(settings)
    check_same(data=data.fingerprint, folder=str(folder))
    if ranks.is_first:
        write_json(folder / "spec.json", data.spec.to_dict())
    pl.seed_everything(config["seed"], workers=True, verbose=False)
    task = assemble(config, data.spec)
    params, flops = count_parameters(task.net), training_flops_per_example(task.net, data.spec.example_inputs)
    adapt(task.net, settings)
    metric = f"val/{config['task']['metric']}"
    watch = GradientWatch()
    log = MetricLog(folder / "metrics.jsonl", flops_per_example=flops, watch=watch)
    maximize = config["task"]["direction"] == "maximize"
    selection = Selection(folder / "weights.safetensors", settings=settings, metric=metric, maximize=maximize)
    extra = [EpochLines(metric, say) if say else None, pruning]
    loader, validation_loader = loaders(data, settings, ranks)
    task.guard, task.accumulate = LossGuard(settings.max_nonfinite_steps), settings.accumulate
    task.progress = progress_rule(
        settings,
        batch_size=data.batch_size * ranks.count,
        examples_an_epoch=loader.num_examples,
        elapsed=log.elapsed if ranks.count == 1 else lambda: of_first(log.elapsed()),
    )
    with interruptible() as interruption:
        task.end_requested = lambda: interruption.requested
        points = ResumePoints(
            folder / "last.ckpt",
            loader=loader,
            every_s=settings.checkpoint_every_s,
            clock=log,
            interruption=interruption,
        )
        callbacks: list[pl.Callback] = [log, watch, selection, *(item for item in extra if item), points]
        trainer = make_trainer(settings, callbacks=callbacks, together=True)
        # One process looks, for it removes a damaged point.
        resume = gathered(newest_whole(points.path, say or print) if ranks.is_first else None)[0]
        trainer.fit(task, train_dataloaders=loader, val_dataloaders=validation_loader, ckpt_path=resume)
    if selection.best_epoch < 0:
        why = f"no validation found a {metric} that is a finite number"
        raise Diverged(why, nonfinite_steps=task.guard.nonfinite_steps)
    leave()
    if not ranks.is_first:
        return {}
    first_step_at, nonfinite_steps = task.first_step_at, task.guard.nonfinite_steps
    if ranks.count > 1:
        task = assemble(config, data.spec)  # the trained one may be cut in parts, and normalise batches together
    return {
        "status": "finished",
        "params": params,
        "train_flops_per_example": flops,
        "train_flops": flops * log.examples_seen,
        "train_seconds": round(log.train_seconds, 3),
        "examples_seen": log.examples_seen,
        "examples_per_second": round(log.examples_seen / max(log.train_seconds, 1e-9), 1),
        "first_step_at": first_step_at,
        "epochs": trainer.current_epoch,
        "selected_epoch": selection.best_epoch,
        "nonfinite_steps": nonfinite_steps,
        "gradients": watch.flag,
        **_scores(task, data, settings, selection.path),
    }


def _scores(task: TaskModule, data: TaskData, settings: TrainerSettings, weights: Path) -> dict[str, Any]:
    """What the selected weights are worth in validation; what they say of the test lies beside them."""
    load_weights(task.net, weights)
    validation = evaluate(task, data.val_dataloader(), settings, "val")
    predictions = predict(task, data.predict_dataloader("test"), settings)
    return {
        "validation": {name.removeprefix("val/"): value for name, value in validation.items()},
        "test_predictions_sha256": save_predictions(predictions, weights.parent),
        "data_fingerprint": data.fingerprint,
    }


def progress_rule(
    settings: TrainerSettings, *, batch_size: int, examples_an_epoch: int, elapsed: Callable[[], float]
) -> Callable[[int], float]:
    """The share of training that is done with a step, by whichever limit of the settings is nearest.

    Args:
        settings: ``max_epochs``, ``max_examples`` and ``max_seconds``.
        batch_size: examples of a full batch.
        examples_an_epoch: examples of an epoch, whose last batch may be smaller.
        elapsed: seconds of training so far.
    """
    steps = settings.max_epochs * math.ceil(examples_an_epoch / batch_size)
    if settings.max_examples is not None:
        steps = min(steps, steps_for_examples(settings.max_examples, batch_size, examples_an_epoch)[0])
    limit = settings.max_seconds
    if limit is None:
        return lambda step: (step + 1) / steps
    return lambda step: max((step + 1) / steps, elapsed() / limit, 1e-9)


def steps_for_examples(examples: int, batch_size: int, examples_an_epoch: int) -> tuple[int, int]:
    """The number of optimizer steps, at least one, that comes nearest to training on so many examples, and how many."""
    epochs, rest = divmod(examples, examples_an_epoch)
    full = min(rest // batch_size, examples_an_epoch // batch_size)
    batches_an_epoch = math.ceil(examples_an_epoch / batch_size)

    def trained(steps: int) -> int:
        whole, part = divmod(steps, batches_an_epoch)
        return whole * examples_an_epoch + min(part * batch_size, examples_an_epoch)

    first = max(epochs * batches_an_epoch + full, 1)
    steps = min((first, first + 1), key=lambda count: abs(trained(count) - examples))
    return steps, trained(steps)


def evaluate(task: TaskModule, loader: Any, settings: TrainerSettings, split: str) -> dict[str, float]:
    """``split/name -> value`` of the module's metrics on a loader of ``(inputs, targets)`` batches."""
    task.eval()
    trainer = make_trainer(settings)
    run = trainer.validate if split == "val" else trainer.test
    (values,) = run(task, dataloaders=loader, verbose=False)
    return {name: float(value) for name, value in values.items()}


@torch.inference_mode()
def predict(task: TaskModule, loader: Any, settings: TrainerSettings) -> dict[str, np.ndarray]:
    """What the module says of a loader of inputs, in the loader's order."""
    task.eval()
    task.to(make_trainer(settings).strategy.root_device)
    return task.respond_to_all(loader)


def _peak_memory_mb(at_start_mb: float) -> float:
    """The peak of this process above what it held at the trial's start, or of its GPU; MiB."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**20
    return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10 - at_start_mb, 0.0)
