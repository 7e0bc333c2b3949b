"""Lightning's trainer as every run uses it."""

from __future__ import annotations

import logging
import os
import warnings

import pytorch_lightning as pl
import torch

from bakeoff.training.checkpoints import AtomicCheckpointIO
from bakeoff.training.settings import TrainerSettings


def make_trainer(settings: TrainerSettings, *, callbacks: list[pl.Callback] | None = None) -> pl.Trainer:
    """Lightning's trainer, with bakeoff's own log, checkpoints and progress in place of its defaults."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    if not torch.cuda.is_available():
        # Lightning makes torch look for a GPU through NVML, which without a driver costs 0.1 ms an optimizer step.
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"
    return pl.Trainer(
        max_epochs=settings.max_epochs,
        accelerator=settings.accelerator,
        devices=settings.devices,
        precision=settings.precision,
        check_val_every_n_epoch=min(settings.val_every, settings.max_epochs),
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
