"""What a trained network is worth in validation, and what it says of each example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import torch

from bakeoff.data.contract import Loader
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.loop.progress import told
from bakeoff.training.loop.trainer import make_trainer
from bakeoff.training.trial.settings import TrainerSettings


def validate(module: TrainingModule, loader: Any, settings: TrainerSettings) -> dict[str, float]:
    """``name -> value`` of the validation metrics on a loader of batches."""
    module.eval()
    (values,) = make_trainer(settings).validate(module, dataloaders=loader, verbose=False)
    return {name.removeprefix("val/"): float(value) for name, value in values.items()}


@torch.inference_mode()
def answers_to(
    module: TrainingModule,
    loader: Loader,
    settings: TrainerSettings,
    *,
    name: str = "answers",
    say: Callable[[str], None] | None = None,
) -> pa.Table:
    """What the network says of a loader of inputs, in the order of the split; ``say`` hears how far it is."""
    module.eval()
    module.to(make_trainer(settings).strategy.root_device)
    batches = (module.transfer_batch_to_device(inputs, module.device, 0) for inputs in told(loader, name, say))
    return module.task.respond_to_all(module.net, batches, parts=module.accumulate, positions=loader.positions)
