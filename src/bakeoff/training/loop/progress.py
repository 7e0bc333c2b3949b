"""What a person sees of a run: one line an epoch, at most one a second."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytorch_lightning as pl


class EpochLines(pl.Callback):
    """Prints the epoch, the validation metric and the time left.

    Args:
        metric: the metric to show, ``val/...``.
        say: prints a line.
    """

    def __init__(self, metric: str, say: Callable[[str], None]) -> None:
        self.metric = metric
        self.say = say
        self._said_at = 0.0
        self._started_at = 0.0
        self._first_epoch = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock of the estimate."""
        self._started_at = time.monotonic()
        self._first_epoch = trainer.current_epoch

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prints the line if the last is a second old, or this is the last epoch."""
        if trainer.sanity_checking or trainer.max_epochs is None or not trainer.is_global_zero:
            return
        epoch, now = trainer.current_epoch + 1, time.monotonic()
        if now - self._said_at < 1.0 and epoch < trainer.max_epochs:
            return
        self._said_at = now
        left = (now - self._started_at) / (epoch - self._first_epoch) * (trainer.max_epochs - epoch)
        value = float(trainer.callback_metrics[self.metric])
        self.say(f"epoch {epoch}/{trainer.max_epochs}  {self.metric} {value:.4f}  {clock(left)} left")


def clock(seconds: float) -> str:
    """``m:ss``, or ``h:mm:ss`` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
