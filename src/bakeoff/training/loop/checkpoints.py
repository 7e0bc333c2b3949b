"""Checkpoint files that survive a kill at any moment, tell whether they are whole, and can run no code.

A checkpoint is what `torch.save` writes: a zip archive, which holds a checksum (CRC-32) of each record. `torch.load`
does not look at them, so they are checked first. Beside each checkpoint lies the one before it.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import torch
from pytorch_lightning.plugins.io import CheckpointIO
from safetensors.torch import load_file, save

from bakeoff.errors import CheckpointError
from bakeoff.files import atomic_writer, clear_unfinished


class AtomicCheckpointIO(CheckpointIO):
    """Writes beside the target, flushes, then renames; reads plain tensors and types only (``weights_only``)."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Writes the checkpoint so that ``path`` or the previous one's place holds a whole one at any moment."""
        parts = {name: _without_the_rest(checkpoint.get(name)) for name in ("state_dict", "optimizer_states")}
        with atomic_writer(Path(path), previous=previous_of(Path(path))) as file:
            torch.save({name: parts.get(name, value) for name, value in checkpoint.items()}, file)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Reads a checkpoint; nothing in it can run code.

        Raises:
            CheckpointError: the file is not as it was written, or holds more than tensors and plain types.
        """
        try:
            with Path(path).open("rb") as file:
                _check_sums(file)
                return torch.load(file, map_location=map_location or "cpu", weights_only=True)
        except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError, OSError, zipfile.BadZipFile) as error:
            why = f"can't be loaded ({type(error).__name__}: {str(error).partition(chr(10))[0]})"
            raise CheckpointError("checkpoint.unreadable", "checkpoint", Path(path).name, why) from error

    def remove_checkpoint(self, path: Any) -> None:
        """Removes a checkpoint, and the one before it; both may be gone already."""
        for each in (Path(path), previous_of(Path(path))):
            each.unlink(missing_ok=True)


def _without_the_rest(tree: Any) -> Any:
    """The same with tensors that are parts of larger ones copied: `torch.save` writes those whole."""
    if isinstance(tree, dict):
        return type(tree)((name, _without_the_rest(part)) for name, part in tree.items())
    if isinstance(tree, list):
        return [_without_the_rest(part) for part in tree]
    is_part = type(tree) is torch.Tensor and tree.untyped_storage().nbytes() > tree.nbytes
    return tree.clone() if is_part else tree


def previous_of(path: Path) -> Path:
    """Where the checkpoint before the one at ``path`` is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def newest_whole(path: Path, say: Callable[[str], None]) -> Path | None:
    """The checkpoint at ``path`` if it is whole, else the one before it if that is, else None.

    A damaged one is told of and removed, so that it never takes the place of a whole previous one. What killed writers
    left unfinished is removed too.
    """
    clear_unfinished(path.parent)
    for candidate in (path, previous_of(path)):
        if not candidate.exists():
            continue
        try:
            # On the device "meta" the file is read and its structure checked, and no memory goes to its tensors.
            AtomicCheckpointIO().load_checkpoint(candidate, map_location="meta")
        except CheckpointError as error:
            say(f"{error.line()}; it is left out and removed")
            candidate.unlink(missing_ok=True)
        else:
            return candidate
    return None


def _check_sums(file: IO[bytes]) -> None:
    """Raises unless all records of the archive are what was written, and leaves it at its start."""
    if not zipfile.is_zipfile(file):
        raise ValueError("truncated: the end of the archive is missing")
    with zipfile.ZipFile(file) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{damaged} is not what was written")
    file.seek(0)


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
