"""Resume points: all that training needs to go on, between any two optimizer steps, as if nothing had happened.

What a step does is a function of the state before it, of the epoch's order (from seed and epoch) and of randomness of
its own (from seed and step number). So a point holds weights, optimizer, counters and half-gathered metrics, and where
in the epoch it lies; batches before that are left out on resuming.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from bakeoff.data.batches.loaders import PlannedLoader
from bakeoff.training.loop.interruption import Interrupted, Interruption
from bakeoff.training.loop.metric_log import MetricLog
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.loop.random_state import random_state, set_random_state


class ResumePoints(pl.Callback):
    """Saves a point when the last one is old enough, and when a signal asks for the end.

    It comes after all other callbacks, so that a point holds their state after the same step.

    Args:
        path: of the newest point.
        loader: of the training batches.
        every_s: seconds between points; they are taken between calls and at the end of an epoch.
        clock: of training; it stands still meanwhile.
        interruption: what a signal has asked for.
    """

    def __init__(
        self, path: Path, *, loader: PlannedLoader, every_s: float, clock: MetricLog, interruption: Interruption
    ) -> None:
        self.path = path
        self.loader = loader
        self.every_s = every_s
        self.clock = clock
        self.interruption = interruption
        self.batches_done = 0
        self.is_over = False
        self._resumed: dict[str, Any] | None = None
        self._saved_at = time.perf_counter()

    def state_dict(self) -> dict[str, Any]:
        """Batches of the epoch that are done, whether training has been ended early, and the random generators."""
        return {"batches_done": self.batches_done, "is_over": self.is_over, "random_state": random_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remembers it until training starts."""
        self._resumed = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes up the place in the epoch; from now on signals are taken too."""
        self.interruption.listen()
        self._saved_at = time.perf_counter()
        if self._resumed is None:
            return
        self.batches_done = self._resumed["batches_done"]
        self.loader.skip(self.batches_done)
        trainer.should_stop = self._resumed["is_over"]
        set_random_state(self._resumed["random_state"])
        self._resumed = None

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing of the epoch is done; not called where an epoch is taken up in its middle."""
        self.batches_done = 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Saves where it is time to, unless the epoch is at its end: its validation comes first."""
        assert isinstance(pl_module, TrainingModule)
        self.batches_done += pl_module.steps_in_call
        is_last = self.batches_done >= self.loader.num_batches
        if not (is_last or trainer.should_stop or pl_module.progress(trainer.global_step) > 1.0):
            self._save_if_due(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Saves where it is time to."""
        self.batches_done = 0
        self.is_over = trainer.should_stop
        self._save_if_due(trainer)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Ends within a validation that takes too long for who asked for the end, with the last point.

        Raises:
            Interrupted: it was; of several processes none ends alone.
        """
        if self.interruption.is_urgent and trainer.world_size == 1:
            raise Interrupted

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Within an epoch, has Lightning count only the calls that are done: of one that a signal cut short, none."""
        if not self.batches_done:
            return
        progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        calls = self.batches_done // self.loader.chunk
        redone = progress["current"]["ready"] - calls
        stages = ("ready", "started", "processed", "completed")
        total = progress["total"]["ready"] - redone
        progress["current"] = dict.fromkeys(stages, calls)
        progress["total"] = dict.fromkeys(stages, total)
        progress["is_last_batch"] = False

    def _save_if_due(self, trainer: pl.Trainer) -> None:
        """Saves; ends training too where that was asked for.

        Raises:
            Interrupted: it was.
        """
        agreed = trainer.strategy.reduce_boolean_decision  # clocks and signals of several processes differ
        asked = agreed(self.interruption.requested, all=False)
        if asked or agreed(time.perf_counter() - self._saved_at >= self.every_s, all=False):
            with self.clock.paused():
                trainer.save_checkpoint(self.path)
            self._saved_at = time.perf_counter()
        if asked:
            raise Interrupted(trainer.global_step, speaks=trainer.is_global_zero)
