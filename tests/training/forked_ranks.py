"""Ranks forked from the process of the tests, which has imported everything: a fresh tree costs seconds of imports."""

from __future__ import annotations

import os
import signal
from typing import Any

import torch

from bakeoff.errors import DataError
from bakeoff.training.devices.rank_processes import run_on_devices
from bakeoff.training.devices.rank_root import Work
from bakeoff.training.devices.ranks import Ranks, check_same, gathered, join, leave
from bakeoff.training.loop.interruption import Interruption
from bakeoff.training.trial.settings import TrainerSettings


def run_forked(work: Work, *, num_ranks: int) -> Any:
    """What the first rank makes of it.

    Raises:
        Exception: what a rank raised.
    """
    return run_on_devices(work, {}, num_ranks=num_ranks, interruption=Interruption(), forked=True)


# What ranks do in the tests ---------------------------------------------------------------------------------------


def tell(request: dict[str, Any], ranks: Ranks) -> dict[str, Any]:
    """What a rank is told of itself, and what all ranks say of the group they are in."""
    settings = TrainerSettings(accelerator="cpu", devices=ranks.count)
    joined = join(settings)
    told = gathered({"rank": joined.rank, "world": torch.distributed.get_world_size(), "parent": os.getppid()})
    leave()
    names = ("MASTER_ADDR", "NODE_RANK", "WORLD_SIZE", "TORCHELASTIC_USE_AGENT_STORE")
    return {"told": told, "environment": {name: os.environ.get(name) for name in names}, "word": request["word"]}


def fail_on_the_second(request: dict[str, Any], ranks: Ranks) -> None:
    """An error of one rank, for which the other waits."""
    join(TrainerSettings(accelerator="cpu", devices=ranks.count))
    if ranks.rank == 1:
        raise DataError("data.missing", "data.file", "b.csv", "is not on this machine")
    torch.distributed.barrier()


def die_on_the_second(request: dict[str, Any], ranks: Ranks) -> None:
    """A rank that is killed, for which the other waits."""
    join(TrainerSettings(accelerator="cpu", devices=ranks.count))
    if ranks.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    torch.distributed.barrier()


def differ(request: dict[str, Any], ranks: Ranks) -> None:
    """Ranks that see other data."""
    join(TrainerSettings(accelerator="cpu", devices=ranks.count))
    check_same(data=f"fingerprint {ranks.rank}")
