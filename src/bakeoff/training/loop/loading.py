"""The loaders of a training process: its share of the batches, delivered as its device wants them."""

from __future__ import annotations

import torch

from bakeoff.data.batches.loaders import PlannedLoader
from bakeoff.data.contract import TaskData
from bakeoff.training.devices.ranks import Ranks
from bakeoff.training.trial.settings import TrainerSettings


def loaders(data: TaskData, settings: TrainerSettings, ranks: Ranks) -> tuple[PlannedLoader, PlannedLoader]:
    """Training and validation batches.

    Batches are planned for all processes together, with ``data.batch_size`` rows for each of them. So two processes
    take the steps, on the same examples, that one takes with twice the ``batch_size``.

    Raises:
        DataError: a split has fewer rows than there are processes.
    """
    data.chunk = settings.steps_per_call
    own_size, data.batch_size = data.batch_size, data.batch_size * ranks.count
    try:
        found: tuple[PlannedLoader, PlannedLoader] = (data.train_dataloader(), data.val_dataloader())
    finally:
        data.batch_size = own_size
    for loader in found:
        if ranks.count > 1:
            loader.share(ranks.share)
        loader.pin_memory = settings.pin_memory and settings.accelerator != "cpu" and torch.cuda.is_available()
        loader.persistent_workers = settings.persistent_workers
    return found
