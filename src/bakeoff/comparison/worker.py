"""What runs in a trial's own process.

This module is also what the fork server imports before the first trial, so that a trial's process starts with torch,
Lightning and the metrics in memory, and takes its first optimizer step in tens of milliseconds.
"""

from __future__ import annotations

import ctypes
import multiprocessing.forkserver
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torchvision  # noqa: F401  (imported here so that no trial pays for it)

import bakeoff.data.images  # noqa: F401  (as torchvision)
from bakeoff.config import allow
from bakeoff.errors import BakeoffError
from bakeoff.files import write_json
from bakeoff.training.trial import TrialLabel, run_trial

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def work(config: Mapping[str, Any], folder: Path, label: TrialLabel, device: str | None, allow_code: list[str]) -> None:
    """Runs one trial to its result, with its output in ``log.txt``; an error becomes a result of status ``failed``."""
    _follow_parent()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.txt").open("a", buffering=1) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout = sys.stderr = log
        if device is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = device
        torch.set_num_threads(int(config["trainer"]["threads"]))
        allow(allow_code)
        try:
            run_trial(config, folder, label=label)
        except Exception as error:  # a trial that fails is scored as the trivial predictor, never dropped
            traceback.print_exc()
            why = error.line() if isinstance(error, BakeoffError) else f"{type(error).__name__}: {error}"
            write_json(folder / "result.json", failure(config, label, "failed", why))


def failure(config: Mapping[str, Any], label: TrialLabel, status: str, why: str) -> dict[str, Any]:
    """The result of a trial that has none of its own."""
    return {
        "trial_id": label.trial_id,
        "contender": label.contender,
        "role": label.role,
        "bakeoff_id": label.bakeoff_id,
        "model": config["model"]["name"],
        "family": config["model"]["family"],
        "seed": config["seed"],
        "status": status,
        "why": why,
        "started": 0.0,
        "wall_seconds": 0.0,
    }


def _follow_parent() -> None:
    """Ends this process with the fork server, which ends with the bakeoff; Ctrl-C is the bakeoff's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server: Any = multiprocessing.forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        # The fork server ends when nobody holds this pipe any more: a trial's copy would keep both alive.
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
