"""A trial's answers to the test inputs: sealed by the trial, read by the scorer, changed by nobody in between."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from bakeoff.errors import CheckpointError
from bakeoff.files import atomic_writer
from bakeoff.record.answers import answers_file, answers_in
from bakeoff.record.layout import PREDICTIONS
from bakeoff.tables import to_bytes


def seal_answers(answers: pa.Table, folder: Path) -> str:
    """Writes the table atomically and returns the file's SHA-256."""
    content = to_bytes(answers)
    with atomic_writer(folder / PREDICTIONS) as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


def sealed_answers(folder: Path, result: Mapping[str, Any]) -> pa.Table:
    """A trial's sealed answers.

    Raises:
        CheckpointError: the file is not the one that the trial wrote.
    """
    path = answers_file(folder)
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != result["test_predictions_sha256"]:
        raise CheckpointError(
            "checkpoint.changed",
            "predictions",
            f"{folder.name}/{path.name}",
            "it is not what the trial wrote",
            next_step="delete the trial's folder and give the same command again",
        )
    return answers_in(path, content)
