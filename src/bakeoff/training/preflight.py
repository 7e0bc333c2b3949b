"""What is checked before anything is trained: that the machine has what the settings ask for, and room to write."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import torch
from pytorch_lightning.accelerators import CUDAAccelerator, MPSAccelerator

from bakeoff.errors import EnvironmentFault
from bakeoff.training.settings import TrainerSettings

LEAST_FREE_MB = 200


def check_machine(settings: TrainerSettings) -> None:
    """Refuses devices and precisions that this machine lacks.

    Raises:
        EnvironmentFault: no such accelerator, more devices than a run can use, or arithmetic that it can't do.
    """
    available = {"cpu": True, "gpu": CUDAAccelerator.is_available(), "mps": MPSAccelerator.is_available()}
    usable = [name for name, present in available.items() if present]
    if settings.accelerator != "auto" and not available[settings.accelerator]:
        raise EnvironmentFault(
            "env.no_accelerator",
            "trainer.accelerator",
            settings.accelerator,
            "this machine has none",
            allowed=["auto", *usable],
        )
    if settings.devices > 1:
        found = max(torch.cuda.device_count(), 1)
        raise EnvironmentFault(
            "env.devices",
            "trainer.devices",
            settings.devices,
            f"a run uses one device; this machine has {found}",
            allowed="1",
            next_step="bakeoff compare runs one trial on each GPU at the same time",
        )
    on_cpu = settings.accelerator == "cpu" or usable == ["cpu"]
    if settings.precision == "16-mixed" and on_cpu:
        raise EnvironmentFault(
            "env.precision",
            "trainer.precision",
            settings.precision,
            "half precision needs a GPU",
            allowed="32-true, bf16-mixed",
        )


def check_folder(folder: Path) -> None:
    """Makes the output folder, and refuses one that can't be written or has no room.

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
    free_mb = shutil.disk_usage(folder).free / 2**20
    if free_mb < LEAST_FREE_MB:
        raise EnvironmentFault(
            "env.disk_full", "output_dir", folder, f"{free_mb:.0f} MB are free, at least {LEAST_FREE_MB} are needed"
        )
