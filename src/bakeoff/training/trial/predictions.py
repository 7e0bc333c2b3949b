"""Predictions as files: written by a trial, read by the scorer, changed by nobody in between."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.errors import CheckpointError
from bakeoff.files import atomic_writer
from bakeoff.training.loop.module import Predictions

FILE = "test_predictions.npz"


def save_predictions(predictions: Predictions, folder: Path) -> str:
    """Writes the arrays atomically and returns the file's SHA-256."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **predictions)
    with atomic_writer(folder / FILE) as file:
        file.write(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def read_predictions(folder: Path, result: Mapping[str, Any]) -> Predictions:
    """A trial's sealed predictions.

    Raises:
        CheckpointError: the file is not the one that the trial wrote.
    """
    path = folder / FILE
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != result["test_predictions_sha256"]:
        raise CheckpointError(
            "checkpoint.changed",
            "predictions",
            f"{folder.name}/{FILE}",
            "it is not what the trial wrote",
            next_step="delete the trial's folder and give the same command again",
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
