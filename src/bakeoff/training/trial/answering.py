"""What a trained network is worth on a split, and what it says of each example."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bakeoff.training.loop.module import TaskModule
from bakeoff.training.loop.trainer import make_trainer
from bakeoff.training.trial.settings import TrainerSettings


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
