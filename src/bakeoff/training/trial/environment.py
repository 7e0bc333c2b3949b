"""What a result was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import torch

from bakeoff.version import __version__

PACKAGES = ("torch", "pytorch-lightning", "torchmetrics", "hydra-core", "mlflow", "datasets", "numpy", "torchvision")


def environment() -> dict[str, Any]:
    """Versions, processor, memory, devices and the git revision of the folder that the command ran in."""
    return {
        "bakeoff": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "git_revision": git_revision(Path.cwd()),
        **{package: _version(package) for package in PACKAGES},
    }


def git_revision(folder: Path) -> str | None:
    """The commit that ``folder`` is at, with ``-dirty`` where files differ from it; None outside a checkout."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
