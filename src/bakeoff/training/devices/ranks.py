"""Which of the processes that train together this one is (its rank), and what they agree on.

Every process has the same program and configuration and its own device. torchrun and Slurm start them from outside;
otherwise `bakeoff.training.devices.rank_processes` does, which tells them who they are by torchrun's variables.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed
from pytorch_lightning.plugins.environments import (
    ClusterEnvironment,
    LightningEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)

from bakeoff.data.batches.order import Share
from bakeoff.errors import EnvironmentFault
from bakeoff.training.trial.settings import TrainerSettings

RANK_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT")
RANK_PREFIXES = ("TORCHELASTIC_", "GROUP_", "ROLE_")
"""What tells a process its rank: cleared for processes that are to have others."""

RANK_DIED = "env.rank_died"
"""The code of the error that tells of a process that ended without a word, as after a kill."""

TIMEOUT = timedelta(minutes=10)
"""How long a process waits for the others before it gives up."""


@dataclass(frozen=True)
class Ranks:
    """One of several processes: the first (0) alone writes files and speaks."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether to write and to speak."""
        return self.rank == 0

    @property
    def share(self) -> Share:
        """The part of each batch that is this process's."""
        return Share(self.rank, self.count)


def ranks_from_outside() -> Ranks | None:
    """What torchrun or Slurm says of this process; None where neither started it, or Slurm started no other."""
    environment = cluster_environment()
    if isinstance(environment, LightningEnvironment):
        return None
    return Ranks(environment.global_rank(), environment.world_size())


def cluster_environment() -> ClusterEnvironment:
    """Where Lightning reads ranks from.

    Slurm's variables are not heeded in a job of one task, which may start processes of its own; and bakeoff asks Slurm
    for another run itself.

    Raises:
        EnvironmentFault: Slurm's tasks are not told by node.
    """
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    if SLURMEnvironment.detect() and int(os.environ.get("SLURM_NTASKS", "1")) > 1:
        try:
            return SLURMEnvironment(auto_requeue=False)
        except RuntimeError as error:
            tasks = os.environ["SLURM_NTASKS"]
            next_step = "sbatch --ntasks-per-node, and srun"
            raise EnvironmentFault("env.slurm", "SLURM_NTASKS", tasks, str(error), next_step=next_step) from error
    return LightningEnvironment()


def join(settings: TrainerSettings) -> Ranks:
    """Meets the other processes that train together, where there are any, and says which of them this one is.

    Raises:
        EnvironmentFault: another number of processes than the settings ask for.
    """
    environment, found = cluster_environment(), ranks_from_outside() or Ranks()
    if found.count != settings.num_ranks:
        problem = f"{found.count} processes train together, {settings.num_ranks} were asked for"
        raise EnvironmentFault("env.ranks", "trainer.devices", settings.devices, problem)
    if found.count == 1:
        return found
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = environment.main_address, str(environment.main_port)
    on_gpu = settings.accelerator != "cpu" and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(environment.local_rank())
    backend = "nccl" if on_gpu else "gloo"
    torch.distributed.init_process_group(backend, rank=found.rank, world_size=found.count, timeout=TIMEOUT)
    return found


def of_first(value: float) -> float:
    """What the first process has for ``value``; all must call it."""
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    told = torch.tensor(value, dtype=torch.float64, device=device)
    torch.distributed.broadcast(told, src=0)
    return float(told)


def gathered(value: Any) -> list[Any]:
    """What every process has for ``value``, in the order of ranks; all processes must ask for it."""
    if not torch.distributed.is_initialized():
        return [value]
    values: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(values, value)
    return values


def check_same(**what: Any) -> None:
    """Refuses to train with processes that see other data or files than this one.

    Args:
        **what: what must be the same for all, by name.

    Raises:
        EnvironmentFault: something differs; all processes find that out together.
    """
    for name, value in what.items():
        values = gathered(value)
        if any(other != values[0] for other in values):
            told = ", ".join(f"{other} on rank {rank}" for rank, other in enumerate(values))
            problem = f"the processes have not the same {name}: {told}"
            next_step = "an output_dir and data that all machines share"
            raise EnvironmentFault("env.ranks", "trainer.num_nodes", None, problem, next_step=next_step)


def leave() -> None:
    """Ends the processes' work together: what follows, the first does alone."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
