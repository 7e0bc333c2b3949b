"""Keeps the weights that validation likes best, and ends training when it has liked none better for long.

A validation whose loss or metric is no finite number likes nothing: what an optimizer step with such a loss is to the
weights, it is to the selection.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from bakeoff.errors import ConfigError
from bakeoff.models.sharding import whole_weights
from bakeoff.training.loop.checkpoints import save_weights
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.settings import TrainerSettings

VALIDATION_LOSS = "val/loss"


class Selection(pl.Callback):
    """Writes ``weights.safetensors``.

    Args:
        path: of the selected weights.
        settings: which weights to select and when to stop early.
        metric: the validation metric that selects, ``val/...``.
        sign: what makes higher better.
    """

    def __init__(self, path: Path, *, settings: TrainerSettings, metric: str, sign: float) -> None:
        self.path = path
        self.settings = settings
        self.metric = metric
        self.sign = sign
        self.best_score = -math.inf
        self.best_epoch = -1
        self.stale_validations = 0
        self.last_fault: str | None = None

    @property
    def fault(self) -> str | None:
        """Why there are no weights to go on with; None where there are."""
        last = f"the last validation found {self.last_fault}"
        if self.best_score == -math.inf:
            return f"no validation found a finite {self.metric} with a finite loss; {last}"
        return last if self.settings.select == "last" and self.last_fault is not None else None

    def state_dict(self) -> dict[str, Any]:
        """The best so far."""
        return {
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
            "stale_validations": self.stale_validations,
            "last_fault": self.last_fault,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continues from the best so far."""
        self.best_score = float(state_dict["best_score"])
        self.best_epoch = int(state_dict["best_epoch"])
        self.stale_validations = int(state_dict["stale_validations"])
        self.last_fault = state_dict.get("last_fault")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keeps the weights if this validation is at least as good as the best; ties go to the longer training.

        Raises:
            ConfigError: such data has no such metric.
        """
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        _require(self.metric, trainer.callback_metrics)
        self.last_fault = _fault(trainer.callback_metrics, self.metric)
        score = self.sign * float(trainer.callback_metrics[self.metric]) if self.last_fault is None else -math.inf
        improved = score > self.best_score
        self.stale_validations = 0 if improved else self.stale_validations + 1
        if self.settings.select == "last" or (self.last_fault is None and score >= self.best_score):
            self.best_score, self.best_epoch = max(self.best_score, score), trainer.current_epoch
            weights = whole_weights(pl_module.net)  # of which each process may have a part
            if trainer.is_global_zero:
                save_weights(weights, self.path)
        if self.settings.patience is not None and self.stale_validations >= self.settings.patience:
            trainer.should_stop = True


def _require(metric: str, metrics: Mapping[str, Any]) -> None:
    """A task measures some of its metrics of some data only, such as those of two classes."""
    if metric not in metrics:
        names = [name.removeprefix("val/") for name in metrics if name.startswith("val/")]
        name, problem = metric.removeprefix("val/"), "it is not measured of this data"
        raise ConfigError("config.unknown_metric", "task.metric", name, problem, allowed=names)


def _fault(metrics: Mapping[str, Any], metric: str) -> str | None:
    """What of a validation's loss and metric is no finite number."""
    found = {name: float(metrics[name]) for name in (metric, VALIDATION_LOSS)}
    return next((f"{name} {value}" for name, value in found.items() if not math.isfinite(value)), None)
