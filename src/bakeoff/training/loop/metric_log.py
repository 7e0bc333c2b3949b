"""The metric log of a trial: one JSON object a line, the truth about a run whatever becomes of the tracker.

A crash can cut the last line off; readers leave such a line out, and a resumed run first drops what it will write
again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from bakeoff.files import atomic_writer, finite
from bakeoff.training.loop.gradient_watch import GradientWatch
from bakeoff.training.loop.module import TrainingModule


def read_log(path: Path) -> list[dict[str, Any]]:
    """The whole records of a log, oldest first; none where there is no log."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]


class MetricLog(pl.Callback):
    """Writes ``metrics.jsonl``: the training metrics of each epoch and every validation, with what they cost.

    Each record holds ``kind`` (``train`` or ``val``), ``step`` (optimizer steps), ``epoch``, ``examples_seen``,
    ``flops`` (training, total), ``seconds`` (of training, without validation), ``time`` (Unix) and ``split/name``
    metrics.

    Args:
        path: of the file.
        flops_per_example: of a training step.
        watch: what it finds is recorded too.
        clock: seconds of the run's own work, from any start.
    """

    def __init__(
        self,
        path: Path,
        *,
        flops_per_example: float,
        watch: GradientWatch,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.path = path
        self.clock = clock
        self.watch = watch
        self.flops_per_example = flops_per_example
        self.examples_seen = 0
        self.train_seconds = 0.0
        self._since: float | None = None

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run continues counting from."""
        return {"examples_seen": self.examples_seen, "train_seconds": self.elapsed()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continues the counts of the interrupted run."""
        self.examples_seen = int(state_dict["examples_seen"])
        self.train_seconds = float(state_dict["train_seconds"])

    def elapsed(self) -> float:
        """Seconds of training so far, validation and checkpoints left out."""
        return self.train_seconds + (0.0 if self._since is None else self.clock() - self._since)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time in the block is none of training's."""
        self._stop_clock()
        try:
            yield
        finally:
            self._since = self.clock()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Drops the records that a resumed run will write again, and starts the clock."""
        records = [record for record in read_log(self.path) if record["step"] <= trainer.global_step]
        if trainer.is_global_zero:
            with atomic_writer(self.path) as file:
                file.write("".join(json.dumps(record) + "\n" for record in records).encode())
        self._since = self.clock()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts the examples of the call's optimizer steps."""
        assert isinstance(pl_module, TrainingModule)
        examples = pl_module.examples_in_call
        if trainer.world_size > 1:
            told = torch.tensor(examples, device=pl_module.device)
            examples = int(trainer.strategy.reduce(told, reduce_op="sum"))
        self.examples_seen += examples

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stops the clock."""
        self._stop_clock()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Records the epoch's training metrics and the validation."""
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        rate = {"lr": trainer.optimizers[0].param_groups[0]["lr"]}
        self._write(trainer, "train", pl_module.take_metrics("train") | self.watch.latest | rate)
        values = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
        self._write(trainer, "val", values)
        self._since = self.clock()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stops the clock for good."""
        self._stop_clock()

    def _stop_clock(self) -> None:
        self.train_seconds = self.elapsed()
        self._since = None

    def _write(self, trainer: pl.Trainer, kind: str, values: Mapping[str, float]) -> None:
        if not trainer.is_global_zero:
            return
        record = {
            "kind": kind,
            "step": trainer.global_step,
            "epoch": trainer.current_epoch,
            "examples_seen": self.examples_seen,
            "flops": self.examples_seen * self.flops_per_example,
            "seconds": round(self.train_seconds, 4),
            "time": time.time(),
            **values,
        }
        with self.path.open("ab") as file:
            file.write(json.dumps(finite(record)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
