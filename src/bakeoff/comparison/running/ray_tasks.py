"""What runs inside a worker of Ray's: it starts a trial in a process of its own there, and says how that one ended.

The worker lives through many trials, each forked from its fork server, so that the imports are paid once a worker and a
trial's process is as fresh as on one machine without Ray.
"""

from __future__ import annotations

import os
from multiprocessing.connection import wait
from pathlib import Path

from bakeoff.comparison.running import trial_process
from bakeoff.comparison.running.kernel_kills import KernelKills
from bakeoff.comparison.running.order import Ending, Order
from bakeoff.comparison.running.trial_process import POLL_S, TrialProcess
from bakeoff.config.processes import Process
from bakeoff.version import __version__


def attempt(order: Order, *, folder: Path, timeout_s: float | None, bakeoff: Process) -> Ending:
    """Runs one attempt at a trial to its end; when Ray cancels this, the trial gets a few seconds to save its state.

    Args:
        order: the trial.
        folder: where the bakeoff was started, so that paths in the configuration mean the same.
        timeout_s: seconds that the attempt may take.
        bakeoff: on its own host, the trial ends with it.
    """
    os.chdir(folder)
    kills = KernelKills()
    device = os.environ.get("CUDA_VISIBLE_DEVICES")  # Ray's choice, which a fork server that is older does not know
    process = TrialProcess(order, device=device, bakeoff=bakeoff, timeout_s=timeout_s)
    try:
        while not wait([process.sentinel], timeout=POLL_S):
            if process.late:
                return process.stop_late()
        return process.ending(kills)
    finally:
        trial_process.stop([process])


def warm_up(folder: Path, modules: list[str]) -> None:
    """Starts this worker's fork server, and returns when it has imported what trials need."""
    os.chdir(folder)
    trial_process.warm_up(modules).join()


def look(path: Path) -> tuple[bool, str]:
    """Whether this node sees a file, and which version of bakeoff it has."""
    return path.exists(), __version__
