"""How long a bakeoff will take, measured before it starts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from bakeoff.comparison.contenders import Contender
from bakeoff.comparison.job import Executor
from bakeoff.comparison.plan import Plan
from bakeoff.tasks.module import Batch, TaskModule
from bakeoff.training.assembly import assemble
from bakeoff.training.fitted_trial import is_fitted

STEPS = 3
TRIAL_OVERHEAD_S = 1.0
"""Start, validations, predictions."""
FITTING_S = 5.0
"""What a baseline without gradients takes, about."""


def expected_seconds(plan: Plan, folder: Path, executor: Executor) -> float:
    """Seconds for the trials that have no result yet, from a few timed steps of each contender."""
    threads = int(plan.config["trainer"]["threads"])
    torch.set_num_threads(threads)
    seconds = 0.0
    for contender in plan.contenders:
        left = sum(not plan.job(contender, point, folder).finished for point in contender.points)
        if left:
            seconds += left * (_training_seconds(plan, contender) + TRIAL_OVERHEAD_S)
    return seconds / executor.slots(threads)


def _training_seconds(plan: Plan, contender: Contender) -> float:
    """Seconds of a trial's optimizer steps."""
    trainer = contender.config["trainer"]
    if is_fitted(contender.config):
        return FITTING_S
    if trainer["max_seconds"]:
        return float(trainer["max_seconds"])
    loader = plan.data.train_dataloader()
    batch: Any = next(iter(loader))
    module = assemble({**contender.config, "seed": plan.seeds[0]}, plan.data.spec)
    module.train()
    step = min(_seconds_a_step(module, batch) for _ in range(STEPS))
    steps: float = len(loader) * int(trainer["max_epochs"])
    if trainer["max_examples"]:
        steps = min(steps, int(trainer["max_examples"]) / len(batch[1]))
    return step * steps


def _seconds_a_step(module: TaskModule, batch: Batch) -> float:
    inputs, targets = batch
    start = time.perf_counter()
    module.loss(module(inputs), targets).backward()
    return time.perf_counter() - start
