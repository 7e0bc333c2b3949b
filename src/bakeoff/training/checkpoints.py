"""Checkpoints that survive a kill at any moment: what lies at the path is always a whole checkpoint."""

from __future__ import annotations

import math
import pickle
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.io import CheckpointIO
from safetensors.torch import load_file, save

from bakeoff.errors import CheckpointError
from bakeoff.files import atomic_writer
from bakeoff.tasks.module import TaskModule
from bakeoff.training.settings import TrainerSettings


class AtomicCheckpointIO(CheckpointIO):
    """Saves beside the target, flushes, then renames; loads plain tensors and types only (``weights_only``)."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Writes the checkpoint so that ``path`` holds either the old one or the new one."""
        with atomic_writer(Path(path)) as file:
            torch.save(checkpoint, file)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Reads a checkpoint; nothing in it can run code.

        Raises:
            CheckpointError: the file is truncated, or holds more than tensors and plain types.
        """
        try:
            return torch.load(path, map_location=map_location or "cpu", weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError, OSError) as error:
            raise CheckpointError(
                "checkpoint.unreadable", "checkpoint", Path(path).name, f"can't be loaded ({type(error).__name__})"
            ) from error

    def remove_checkpoint(self, path: Any) -> None:
        """Removes a checkpoint that may be gone already."""
        Path(path).unlink(missing_ok=True)


def save_weights(weights: dict[str, torch.Tensor], path: Path) -> None:
    """Writes tensors by name as safetensors, atomically."""
    with atomic_writer(path) as file:
        file.write(save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}))


def load_weights(module: torch.nn.Module, path: Path) -> None:
    """Loads weights into a module that must match them name by name and shape by shape.

    Raises:
        CheckpointError: the file is missing or unreadable, or the first three mismatches.
    """
    try:
        weights = load_file(path)
    except Exception as error:  # safetensors raises its own type for a damaged header, OSError for a missing file
        raise CheckpointError(
            "checkpoint.unreadable", "weights", path.name, f"can't be loaded ({error})", next_step="train the run again"
        ) from error
    own = module.state_dict()
    mismatches = [f"{name} is missing" for name in own if name not in weights]
    mismatches += [f"{name} is not of this model" for name in weights if name not in own]
    mismatches += [
        f"{name} is {tuple(weights[name].shape)}, the model's is {tuple(tensor.shape)}"
        for name, tensor in own.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    if mismatches:
        raise CheckpointError(
            "checkpoint.mismatch", "weights", path.name, "; ".join(mismatches[:3]), next_step="use the run's own model"
        )
    module.load_state_dict(weights)


class Checkpoints(pl.Callback):
    """Keeps two things: ``last.ckpt`` to resume from, and the weights that validation likes best.

    Args:
        folder: where both live.
        settings: how often to save, which weights to select and when to stop early.
        metric: the validation metric that selects, ``val/...``.
        maximize: whether higher is better.
    """

    def __init__(self, folder: Path, *, settings: TrainerSettings, metric: str, maximize: bool) -> None:
        self.folder = folder
        self.settings = settings
        self.metric = metric
        self.sign = 1.0 if maximize else -1.0
        self.best_score = -math.inf
        self.best_epoch = -1
        self.stale_validations = 0
        self._saved_at = time.perf_counter()

    @property
    def last(self) -> Path:
        """The resume point."""
        return self.folder / "last.ckpt"

    @property
    def selected(self) -> Path:
        """The selected weights."""
        return self.folder / "weights.safetensors"

    def state_dict(self) -> dict[str, Any]:
        """The best so far."""
        return {
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
            "stale_validations": self.stale_validations,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continues from the best so far."""
        self.best_score = float(state_dict["best_score"])
        self.best_epoch = int(state_dict["best_epoch"])
        self.stale_validations = int(state_dict["stale_validations"])

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keeps the weights if this validation is at least as good as the best; ties go to the longer training."""
        if trainer.sanity_checking or not isinstance(pl_module, TaskModule):
            return
        score = self.sign * float(trainer.callback_metrics[self.metric])
        improved = score > self.best_score
        self.stale_validations = 0 if improved else self.stale_validations + 1
        if self.settings.select == "last" or score >= self.best_score:
            self.best_score, self.best_epoch = score, trainer.current_epoch
            if trainer.is_global_zero:
                save_weights(pl_module.net.state_dict(), self.selected)
        if self.settings.patience is not None and self.stale_validations >= self.settings.patience:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Saves a resume point when the last one is old enough."""
        if time.perf_counter() - self._saved_at >= self.settings.checkpoint_every_s:
            trainer.save_checkpoint(self.last)
            self._saved_at = time.perf_counter()
