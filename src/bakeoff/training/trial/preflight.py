"""What is checked before anything is trained: that the machine has what the settings ask for, and room to write."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import torch
from pytorch_lightning.accelerators import CUDAAccelerator, MPSAccelerator

from bakeoff.errors import EnvironmentFault
from bakeoff.files import clear_unfinished
from bakeoff.training.devices.ranks import ranks_from_outside
from bakeoff.training.trial.settings import TrainerSettings

LEAST_FREE_MB = 200


def usable_accelerators() -> list[str]:
    """The accelerators that this machine has, ``cpu`` first; what ``auto`` takes is the last."""
    available = {"cpu": True, "gpu": CUDAAccelerator.is_available(), "mps": MPSAccelerator.is_available()}
    return [name for name, present in available.items() if present]


def check_machine(settings: TrainerSettings) -> None:
    """Refuses devices and precisions that this machine lacks.

    Raises:
        EnvironmentFault: no such accelerator, more devices than there are, processes that were not asked for, or
            arithmetic that it can't do.
    """
    usable = usable_accelerators()
    if settings.accelerator not in ("auto", *usable):
        raise EnvironmentFault(
            "env.no_accelerator",
            "trainer.accelerator",
            settings.accelerator,
            "this machine has none",
            allowed=["auto", *usable],
        )
    _check_devices(settings, usable)
    _check_ranks(settings)
    on_cpu = settings.accelerator == "cpu" or usable == ["cpu"]
    if settings.precision == "16-mixed" and on_cpu:
        raise EnvironmentFault(
            "env.precision",
            "trainer.precision",
            settings.precision,
            "half precision needs a GPU",
            allowed="32-true, bf16-mixed",
        )
    if settings.compile:
        _check_compiler(on_cpu=on_cpu)


def _check_devices(settings: TrainerSettings, usable: list[str]) -> None:
    """Refuses more devices than there are; processes on a CPU can be as many as one likes, but must be asked for."""
    kind = usable[-1] if settings.accelerator == "auto" else settings.accelerator
    found = max(torch.cuda.device_count(), 1)
    if settings.devices > found and settings.accelerator != "cpu":
        raise EnvironmentFault(
            "env.devices",
            "trainer.devices",
            settings.devices,
            f"this machine has {found} {kind}",
            allowed=f"1 to {found}" if found > 1 else "1",
            next_step="trainer.accelerator=cpu trains with several processes",
        )


def _check_ranks(settings: TrainerSettings) -> None:
    """Refuses a number of processes other than the one asked for, where torchrun or Slurm started them."""
    outside = ranks_from_outside()
    if outside is None and settings.num_nodes > 1:
        raise EnvironmentFault(
            "env.num_nodes",
            "trainer.num_nodes",
            settings.num_nodes,
            "the processes of other machines are started from outside",
            next_step=f"torchrun --nnodes {settings.num_nodes} --nproc-per-node {settings.devices}, or srun",
        )
    if outside is not None and outside.count != settings.num_ranks:
        raise EnvironmentFault(
            "env.ranks",
            "trainer.devices",
            settings.devices,
            f"{outside.count} processes were started, and {settings.num_nodes} x {settings.devices} are asked for",
            next_step="trainer=ddp with trainer.devices a node and trainer.num_nodes",
        )


def check_alone(command: str) -> None:
    """Refuses to run a command that starts processes itself once in each of several processes.

    Args:
        command: what the processes were started with, such as ``compare``.

    Raises:
        EnvironmentFault: torchrun or Slurm started several.
    """
    outside = ranks_from_outside()
    if outside is not None and outside.count > 1:
        raise EnvironmentFault(
            "env.ranks",
            command,
            None,
            f"it starts the processes of each trial itself, and {outside.count} of it were started",
            next_step="the same command without torchrun or srun, with trainer=ddp trainer.devices=N",
        )


def _check_compiler(*, on_cpu: bool) -> None:
    """Refuses torch.compile where what it hands its code to is missing."""
    compiler = os.environ.get("CXX", "g++")
    missing = compiler if on_cpu and shutil.which(compiler) is None else None
    if torch.cuda.is_available() and not on_cpu and importlib.util.find_spec("triton") is None:
        missing = "triton"
    if missing is not None:
        raise EnvironmentFault(
            "env.no_compiler", "trainer.compile", True, f"torch.compile needs {missing}", allowed="false"
        )


def check_folder(folder: Path) -> None:
    """Makes the output folder, clears it of what kills cut off, and refuses one that can't be written or has no room.

    Raises:
        EnvironmentFault: read-only, in the way of a file, or less than 200 MB free.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise EnvironmentFault(
            "env.not_writable",
            "output_dir",
            folder,
            f"can't be written ({error.strerror})",
            next_step="output_dir=FOLDER of yours",
        ) from error
    clear_unfinished(folder)
    free_mb = shutil.disk_usage(folder).free / 2**20
    if free_mb < LEAST_FREE_MB:
        raise EnvironmentFault(
            "env.disk_full", "output_dir", folder, f"{free_mb:.0f} MB are free, at least {LEAST_FREE_MB} are needed"
        )
