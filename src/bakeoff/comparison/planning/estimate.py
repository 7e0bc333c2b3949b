"""How long a bakeoff will take, measured before it starts."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from bakeoff.comparison.planning.plan import Plan
from bakeoff.comparison.running.job import Executor, Needs
from bakeoff.data.batches.batch import Batch
from bakeoff.record.contenders import Contender
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.preflight import usable_accelerators

STEPS = 3
TRIAL_OVERHEAD_S = 1.0
"""Start, validations, predictions."""
FITTING_S = 5.0
"""What a baseline without gradients takes, about."""


def unknown(trainer: Mapping[str, Any]) -> str | None:
    """Why the time of trials can't be told before the first one; None where it can."""
    if trainer["accelerator"] != "cpu" and usable_accelerators() != ["cpu"]:
        return "steps are timed on the CPU, and these run elsewhere"
    if int(trainer["devices"]) > 1:
        return "what a trial's processes tell each other after each step is not timed beforehand"
    return "torch.compile takes its time at the first step" if trainer["compile"] else None


def expected_seconds(plan: Plan, folder: Path, executor: Executor) -> float | None:
    """Seconds for the trials that have no result yet, from a few timed steps of each contender.

    Trials start in order, each where another has ended, and slow each other down where their processes are more than
    the cores. None where it is `unknown`.

    Raises:
        EnvironmentFault: the executor has no room for a trial.
    """
    needs = Needs.of(plan.config["trainer"])
    slots = executor.slots(needs)
    if unknown(plan.config["trainer"]):
        return None
    torch.set_num_threads(needs.threads)
    left = [job for job in plan.jobs(folder) if not job.finished]
    names = {job.label.contender for job in left}
    seconds = {
        one.name: _training_seconds(plan, one) + TRIAL_OVERHEAD_S for one in plan.contenders if one.name in names
    }
    at_once = min(slots, len(left))
    crowding = max(at_once * needs.cores / executor.cores(), 1.0)
    return makespan((seconds[job.label.contender] for job in left), slots) * crowding


def makespan(seconds: Iterable[float], slots: int) -> float:
    """When the last of some jobs ends; each starts, in order, in the slot that is free first."""
    free_at = [0.0] * slots
    for duration in seconds:
        heapq.heappushpop(free_at, free_at[0] + duration)
    return max(free_at)


def _training_seconds(plan: Plan, contender: Contender) -> float:
    """Seconds of a trial's optimizer steps."""
    trial = TrialConfig.of({**contender.config, "seed": plan.seeds[0]})
    if trial.is_fitted:
        return FITTING_S
    if trial.trainer.max_seconds:
        return float(trial.trainer.max_seconds)
    loader = plan.data.train_dataloader()
    batch: Any = next(iter(loader))
    module = trial.module(plan.data.spec)
    module.train()
    step = min(_seconds_a_step(module, batch) for _ in range(STEPS))
    steps: float = len(loader) * trial.trainer.max_epochs
    if trial.trainer.max_examples:
        steps = min(steps, trial.trainer.max_examples / batch.size)
    return step * steps


def _seconds_a_step(module: TrainingModule, batch: Batch) -> float:
    start = time.perf_counter()
    module.task.loss(module(batch.inputs), batch, training=True).backward()
    return time.perf_counter() - start
