"""How a run trains, whatever its task, model and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bakeoff.ranges import Count, NotNegative, Positive


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """The ``trainer`` section of a configuration.

    Args:
        max_epochs: passes over the train split.
        max_examples: training examples after which a run stops, in the middle of an epoch if need be; None: no limit.
        max_seconds: seconds of training, validation left out, after which a run stops; None: no limit.
        accelerator: ``auto``, ``cpu``, ``gpu`` or ``mps``.
        devices: how many of them, on each node; on ``cpu`` so many processes.
        num_nodes: machines; above 1, torchrun or Slurm starts the processes.
        strategy: how several devices share the work: ``ddp`` keeps the whole model on each, ``fsdp`` a part of it;
            ``auto`` is ``ddp``.
        precision: the arithmetic of training.
        tf32: let a GPU round the factors of float32 products to 10 bits, for speed; elsewhere it changes nothing.
        compile: let torch.compile make the network's forward faster; the first step takes tens of seconds longer.
        channels_last: keep images and kernels in memory channel by channel of a pixel, as tensor cores want them.
        pin_memory: hand batches to a GPU in page-locked memory; elsewhere it changes nothing.
        persistent_workers: keep the processes that decode images from epoch to epoch, where there are any.
        threads: CPU threads of the run.
        val_every: epochs between validations.
        gradient_clip_norm: the largest gradient norm; None leaves gradients alone.
        accumulate: parts in which each batch is gone through; their gradients add up to that of the batch, which then
            needs the memory of a part only.
        steps_per_call: optimizer steps inside one Lightning step.
        select: which weights are kept, ``best`` on validation or ``last``; a validation whose loss is no finite number
            selects none.
        patience: validations without a better metric before training stops; None never stops early.
        checkpoint_every_s: seconds between resume points; they are taken between calls and at the end of an epoch.
        max_nonfinite_steps: so many optimizer steps in a row whose loss is no finite number end a run as diverged; each
            leaves the weights alone.
        stack_seeds: how many seeds of a contender a bakeoff trains as one, whose weights have an axis for the seeds.
    """

    max_epochs: Count = 40
    max_examples: Count | None = None
    max_seconds: Positive | None = None
    accelerator: Literal["auto", "cpu", "gpu", "mps"] = "auto"
    devices: Count = 1
    num_nodes: Count = 1
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    tf32: bool = False
    compile: bool = False
    channels_last: bool = False
    pin_memory: bool = True
    persistent_workers: bool = False
    threads: Count = 1
    val_every: Count = 1
    gradient_clip_norm: Positive | None = 1.0
    accumulate: Count = 1
    steps_per_call: Count = 16
    select: Literal["best", "last"] = "best"
    patience: Count | None = None
    checkpoint_every_s: NotNegative = 20.0
    max_nonfinite_steps: Count = 3
    stack_seeds: Count = 1

    def __post_init__(self) -> None:
        counts = ("max_epochs", "devices", "num_nodes", "threads", "val_every", "accumulate", "steps_per_call")
        for name in (*counts, "max_nonfinite_steps", "stack_seeds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; got {getattr(self, name)}")
        for name in ("max_examples", "max_seconds"):
            if getattr(self, name) is not None and getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, or null; got {getattr(self, name)}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience must be at least 1 validation, or null; got {self.patience}")
        if self.accumulate > 1 and self.num_ranks > 1:
            raise ValueError(f"accumulate is for runs on one device; got {self.accumulate} on {self.num_ranks} devices")
        if self.strategy == "fsdp" and self.num_ranks == 1:
            raise ValueError("strategy fsdp shares a model between at least 2 devices; got devices=1 and num_nodes=1")
        if self.strategy == "fsdp" and self.precision == "16-mixed":
            raise ValueError("strategy fsdp works in precision 32-true or bf16-mixed; got 16-mixed")

    @property
    def num_ranks(self) -> int:
        """Processes that train together, one a device."""
        return self.devices * self.num_nodes
