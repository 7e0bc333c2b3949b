"""Lightning's trainer as every run uses it."""

from __future__ import annotations

import functools
import logging
import os
import warnings
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities import registry
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from torch import Tensor, nn

from bakeoff.training.devices.ranks import TIMEOUT, cluster_environment
from bakeoff.training.loop.checkpoints import AtomicCheckpointIO
from bakeoff.training.trial.settings import TrainerSettings

# Each of a trial's three trainers looks for callbacks in all that is installed, a tenth of a short trial.
registry.entry_points = functools.cache(registry.entry_points)  # type: ignore[assignment]


def make_trainer(
    settings: TrainerSettings, *, callbacks: list[pl.Callback] | None = None, together: bool = False
) -> pl.Trainer:
    """Lightning's trainer, with bakeoff's own log, checkpoints and progress in place of its defaults.

    Args:
        settings: the configuration's ``trainer`` section.
        callbacks: what watches the training.
        together: work with the other processes of the run, where there are any; else on one device.
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric")
    if not torch.cuda.is_available():
        # Lightning makes torch look for a GPU through NVML, which without a driver costs 0.1 ms an optimizer step.
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"
    use_tf32(settings.tf32)
    return pl.Trainer(
        max_epochs=settings.max_epochs,
        accelerator=settings.accelerator,
        precision=settings.precision,
        check_val_every_n_epoch=min(settings.val_every, settings.max_epochs),
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        **(_several(settings) if together and settings.num_ranks > 1 else _single()),
    )


def _single() -> dict[str, Any]:
    """One device, whoever started this process: Lightning would take Slurm's signals, and ranks, for its own."""
    return {"devices": 1, "plugins": [AtomicCheckpointIO(), LightningEnvironment()]}


def _several(settings: TrainerSettings) -> dict[str, Any]:
    strategy: Strategy = DDPStrategy(timeout=TIMEOUT)
    if settings.strategy == "fsdp":
        strategy = ModelParallelStrategy(
            data_parallel_size=settings.num_ranks,
            tensor_parallel_size=1,
            save_distributed_checkpoint=False,
            timeout=TIMEOUT,
        )
    return {
        "devices": settings.devices,
        "num_nodes": settings.num_nodes,
        "strategy": strategy,
        # torch has synchronised batch normalisation for GPUs only; on CPU each process normalises its own rows
        "sync_batchnorm": settings.strategy != "fsdp" and settings.accelerator != "cpu" and torch.cuda.is_available(),
        "plugins": [AtomicCheckpointIO(), cluster_environment()],
    }


def adapt(net: nn.Module, settings: TrainerSettings) -> None:
    """Compiles a network and puts its kernels in another order, where that is asked for; its weights' names stay.

    torch.compile takes what is called as the network; recurrent language models read their streams by another way, and
    stay as they are.
    """
    if settings.channels_last:
        net.to(memory_format=torch.channels_last)
        net.register_forward_pre_hook(_channels_last)
    if settings.compile:
        net.compile()


def _channels_last(net: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        value.contiguous(memory_format=torch.channels_last) if isinstance(value, Tensor) and value.ndim == 4 else value
        for value in inputs
    )


def use_tf32(use: bool) -> None:
    """Whether GPUs may round the factors of float32 products and convolutions; torch would round convolutions only."""
    torch.backends.cuda.matmul.allow_tf32 = use
    torch.backends.cudnn.allow_tf32 = use
