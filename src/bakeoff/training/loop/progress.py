"""What a person sees of a training."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import Any, TypeVar

import pytorch_lightning as pl

from bakeoff.data.batches.loaders import PlannedLoader
from bakeoff.training.loop.live_bar import LiveBar, Spacing, clock
from bakeoff.training.loop.module import TrainingModule

Batch = TypeVar("Batch")


class TrainingProgress(pl.Callback):
    """Epoch, step, loss, validation metric and the time left: as a bar, and as lines where nobody sees that.

    Lines come after validations, at most one a second, and within epochs of ten seconds and more. The last validation
    always has its line.

    Args:
        metric: the metric to show, ``val/...``.
        say: prints a line.
        bar: where to draw; None draws nothing.
    """

    def __init__(self, metric: str, say: Callable[[str], None], bar: LiveBar | None = None) -> None:
        self.metric = metric
        self.say = say if bar is None else bar.beside(say)
        self.bar = bar
        self._lines = bar is None or not sys.stdout.isatty()
        self._validated, self._within = Spacing(1.0), Spacing(10.0)
        self._within.spoken()
        self._unsaid: str | None = None
        self._loss = self._value = ""
        self._started_at = 0.0
        self._share_before: float | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock of the estimate."""
        self._started_at = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draws the bar, or prints a line, if the last is old."""
        assert isinstance(pl_module, TrainingModule)
        if self._share_before is None:  # of a resumed run, what was done before
            self._share_before = pl_module.share_done * (1.0 - pl_module.steps_in_call / max(trainer.global_step, 1))
        speaks = self._lines and self._within.due
        if not trainer.is_global_zero or not (speaks or (self.bar and self.bar.due)):
            return
        self._loss = f"  loss {float(pl_module.latest_losses.mean()):.4f}"
        loader = trainer.train_dataloader
        assert isinstance(loader, PlannedLoader)
        name = f"{_epoch(trainer)}  step {min((batch_idx + 1) * loader.chunk, loader.num_batches)}/{loader.num_batches}"
        left = self._left(pl_module)
        if self.bar and self.bar.due:
            self.bar.draw(name, pl_module.share_done, f"{self._loss}{self._value}{left}".strip())
        if speaks:
            self._within.spoken()
            self.say(f"{name}{self._loss}{self._value}{left}")

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int, _: int = 0
    ) -> None:
        """The same within validations, which take minutes where a task decodes."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, TrainingModule)
        (num_batches,) = trainer.num_val_batches
        name = f"{_epoch(trainer)}  validation {batch_idx + 1}/{num_batches}"
        if self.bar and self.bar.due:
            self.bar.draw(name, pl_module.share_done, f"{self._loss}{self._value}".strip())
        if self._lines and self._within.due:
            self._within.spoken()
            self.say(name)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prints the line of a validation, if that of another is old."""
        assert isinstance(pl_module, TrainingModule)
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        self._value = f"  {self.metric} {float(trainer.callback_metrics[self.metric]):.4f}"
        self._unsaid = f"{_epoch(trainer)}{self._value}{self._left(pl_module)}"
        if self._lines and self._validated.due:
            self._say_validation()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes the bar away, and prints the last validation's line, unless that was done."""
        if self.bar is not None:
            self.bar.clear()
        if self._unsaid is not None:
            self._say_validation()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Takes the bar away."""
        if self.bar is not None:
            self.bar.clear()

    def _say_validation(self) -> None:
        assert self._unsaid is not None
        self._validated.spoken()
        self._within.spoken()
        self.say(self._unsaid)
        self._unsaid = None

    def _left(self, module: TrainingModule) -> str:
        trained = module.share_done - (self._share_before or 0.0)
        seconds = (time.monotonic() - self._started_at) / max(trained, 1e-9) * (1.0 - module.share_done)
        return f"  {clock(max(seconds, 0.0))} left"


def told(batches: Iterable[Batch], name: str, say: Callable[[str], None] | None) -> Iterator[Batch]:
    """Batches as they are, and a line now and then of how many have been asked for: ``test 12/40``."""
    number, spacing = length_hint(batches), Spacing(10.0)
    spacing.spoken()
    for index, batch in enumerate(batches, start=1):
        if say is not None and spacing.due:
            spacing.spoken()
            say(f"{name} {index}/{number}" if number else f"{name} {index}")
        yield batch


def _epoch(trainer: pl.Trainer) -> str:
    return f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
