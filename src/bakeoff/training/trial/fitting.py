"""The trial proper: a model made, trained and asked, in one process or as one of several that train together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from bakeoff.data.batches.loaders import PlannedLoader
from bakeoff.data.contract import TaskData
from bakeoff.files import write_json
from bakeoff.metrics import sign_of
from bakeoff.models.cost import count_parameters
from bakeoff.record.layout import CHECKPOINT, METRICS, SPEC, WEIGHTS
from bakeoff.record.model_files import digests
from bakeoff.training.devices.ranks import Ranks, check_same, gathered, join, leave, of_first
from bakeoff.training.loop.checkpoints import load_weights, newest_whole
from bakeoff.training.loop.divergence import Diverged, LossGuard
from bakeoff.training.loop.gradient_watch import GradientWatch
from bakeoff.training.loop.interruption import interruptible
from bakeoff.training.loop.limits import progress_rule
from bakeoff.training.loop.live_bar import LiveBar, wants_bar
from bakeoff.training.loop.loading import loaders
from bakeoff.training.loop.metric_log import MetricLog
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.loop.progress import TrainingProgress
from bakeoff.training.loop.pruning import Pruning
from bakeoff.training.loop.resume_points import ResumePoints
from bakeoff.training.loop.seats import Seat
from bakeoff.training.loop.selection import Selection
from bakeoff.training.loop.trainer import adapt, make_trainer
from bakeoff.training.trial.answering import answers_to, validate
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitted_trial import fit_and_predict
from bakeoff.training.trial.predictions import seal_answers
from bakeoff.training.trial.settings import TrainerSettings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """A trial to be trained.

    Args:
        trial: its configuration.
        folder: the trial's own.
        data: its data, where the caller has it set up already.
        say: prints progress; None trains in silence.
        progress: ``auto`` adds a bar where there is a terminal, ``lines`` does without, ``none`` without both.
        study: where a trial of a study reports to, which may end it early: ``sweep.trial`` of the command.
        train_flops_per_example: of its network, where the caller has counted them already.
        energy: the country by whose electricity its energy is measured; None: not at all.
        seat: its place among seeds that are trained as one; None: it is trained alone.
    """

    trial: TrialConfig
    folder: Path
    data: TaskData | None = None
    say: Say | None = None
    progress: str = "lines"
    study: Mapping[str, Any] | None = None
    train_flops_per_example: float | None = None
    energy: str | None = None
    seat: Seat | None = None


@dataclass(frozen=True)
class _Watchers:
    """What looks on while a network trains, and what it has seen at the end."""

    log: MetricLog
    gradients: GradientWatch
    selection: Selection

    @classmethod
    def of(cls, training: Training, settings: TrainerSettings, flops: float) -> _Watchers:
        trial, folder, gradients = training.trial, training.folder, GradientWatch()
        clock = time.perf_counter if training.seat is None else training.seat.clock
        log = MetricLog(folder / METRICS, flops_per_example=flops, watch=gradients, clock=clock)
        metric = f"val/{trial.metric}"
        selection = Selection(folder / WEIGHTS, settings=settings, metric=metric, sign=sign_of(trial.direction))
        return cls(log, gradients, selection)


def train_model(training: Training, settings: TrainerSettings) -> dict[str, Any]:
    """What was measured, without names and clocks; of several processes, the first measures it.

    Args:
        training: of the trial.
        settings: how it trains by now.

    Raises:
        Diverged: the loss, every validation, or the last where its weights are kept, is no finite number.
        Pruned: the study gave it up.
        Interrupted: a signal asked for the end.
    """
    trial, folder, say = training.trial, training.folder, training.say
    data = training.data or trial.open_data()
    if trial.is_fitted:
        write_json(folder / SPEC, data.spec.to_dict())
        return fit_and_predict(trial, folder, data)
    ranks = join(settings)
    check_same(data=data.fingerprint, folder=str(folder))
    if ranks.is_first:
        write_json(folder / SPEC, data.spec.to_dict())
    pl.seed_everything(trial.seed, workers=True, verbose=False)
    module = trial.module(data.spec)
    params, flops = count_parameters(module.net), training.train_flops_per_example
    if flops is None:
        flops = module.task.train_flops_per_example(module.net)
    adapt(module.net, settings)
    watchers = _Watchers.of(training, settings, flops)
    others: list[pl.Callback] = []
    if say and training.progress != "none":
        bar = LiveBar() if wants_bar(training.progress) else None
        others.append(TrainingProgress(watchers.selection.metric, say, bar))
    if training.study is not None and ranks.is_first:
        others.append(Pruning.of(training.study, watchers.selection.metric))
    if training.seat is not None:
        module.take_step = training.seat.step
    trainer = _fit(module, data, settings, ranks, watchers, others, say or print, training.seat)
    if not ranks.is_first:
        return {}
    measured = {"params": params, "train_flops_per_example": flops, "train_flops": flops * watchers.log.examples_seen}
    measured |= _course(module, trainer, watchers)
    if ranks.count > 1:
        module = trial.module(data.spec)  # the trained one may be cut in parts, and normalise batches together
    told = say if training.progress != "none" else None
    return {"status": "finished", **measured, **_scores(module, data, settings, watchers.selection.path, told)}


def _fit(
    module: TrainingModule,
    data: TaskData,
    settings: TrainerSettings,
    ranks: Ranks,
    watchers: _Watchers,
    others: list[pl.Callback],
    say: Say,
    seat: Seat | None,
) -> pl.Trainer:
    """Trains from the newest resume point, or from the start, to the end."""
    training, validation = loaders(data, settings, ranks)
    _limit(module, data, settings, ranks, training, watchers.log)
    with interruptible() if seat is None else nullcontext(seat.interruption) as interruption:
        module.end_requested = lambda: interruption.requested
        points = ResumePoints(
            watchers.selection.path.with_name(CHECKPOINT),
            loader=training,
            every_s=settings.checkpoint_every_s,
            clock=watchers.log,
            interruption=interruption,
        )
        callbacks = [watchers.log, watchers.gradients, watchers.selection, *others, points]
        trainer = make_trainer(settings, callbacks=callbacks, together=True)
        # One process looks, for it removes a damaged point.
        resume = gathered(newest_whole(points.path, say) if ranks.is_first else None)[0]
        trainer.fit(module, train_dataloaders=training, val_dataloaders=validation, ckpt_path=resume)
    if watchers.selection.fault is not None:
        raise Diverged(watchers.selection.fault, nonfinite_steps=module.guard.nonfinite_steps)
    leave()
    return trainer


def _limit(
    module: TrainingModule,
    data: TaskData,
    settings: TrainerSettings,
    ranks: Ranks,
    training: PlannedLoader,
    log: MetricLog,
) -> None:
    """Tells the module how far it may go."""
    module.guard, module.accumulate = LossGuard(settings.max_nonfinite_steps), settings.accumulate
    module.progress = progress_rule(
        settings,
        batch_size=data.batch_size * ranks.count,
        examples_an_epoch=training.num_examples,
        elapsed=log.elapsed if ranks.count == 1 else lambda: of_first(log.elapsed()),
    )


def _course(module: TrainingModule, trainer: pl.Trainer, watchers: _Watchers) -> dict[str, Any]:
    """How the training went."""
    log = watchers.log
    return {
        "train_seconds": round(log.train_seconds, 3),
        "examples_seen": log.examples_seen,
        "examples_per_second": round(log.examples_seen / max(log.train_seconds, 1e-9), 1),
        "first_step_at": module.first_step_at,
        "epochs": trainer.current_epoch,
        "selected_epoch": watchers.selection.best_epoch,
        "nonfinite_steps": module.guard.nonfinite_steps,
        "gradients": watchers.gradients.flag,
    }


def _scores(
    module: TrainingModule, data: TaskData, settings: TrainerSettings, weights: Path, say: Say | None
) -> dict[str, Any]:
    """What the selected weights are worth in validation and settle there; what they say of the test is sealed."""
    load_weights(module.net, weights)
    task, found = module.task, {}
    if task.settles:
        found = task.settle(
            answers_to(module, data.predict_dataloader("val"), settings, name="validation", say=say), data.labels("val")
        )
    answers = answers_to(module, data.predict_dataloader("test"), settings, name="test", say=say)
    answers = task.settled(answers, found)
    return {
        "validation": validate(module, data.val_dataloader(), settings),
        "settled": found,
        "test_predictions_sha256": seal_answers(answers, weights.parent),
        "model_sha256": digests(weights.parent, [weights.name]),
        "data_fingerprint": data.fingerprint,
    }
