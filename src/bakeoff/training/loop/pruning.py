"""Stops a trial of an Optuna study that does worse than others did at its age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl

if TYPE_CHECKING:
    import optuna


class Pruned(Exception):
    """The study's pruner ended the trial; that is no failure."""


class Pruning(pl.Callback):
    """Reports each validation to the study and ends the trial when its pruner says so.

    Args:
        trial: the study's trial.
        metric: what the study searches for, ``val/...``.
    """

    def __init__(self, trial: optuna.Trial, metric: str) -> None:
        self.trial = trial
        self.metric = metric

    @classmethod
    def of(cls, where: Mapping[str, Any], metric: str) -> Pruning:
        """The callback of the trial that ``sweep.trial`` of a command's configuration names."""
        from bakeoff.sweep.study import running_trial  # Optuna is an extra

        return cls(running_trial(where), metric)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Reports the metric under the number of epochs so far; the last validation ends nothing.

        Raises:
            Pruned: the trial is not worth going on with.
        """
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        epochs, value = trainer.current_epoch + 1, float(trainer.callback_metrics[self.metric])
        self.trial.report(value, epochs)
        ends_anyway = trainer.should_stop or epochs >= (trainer.max_epochs or epochs)
        if not ends_anyway and self.trial.should_prune():
            raise Pruned(f"pruned at {self.metric} {value:.4f} after epoch {epochs}")
