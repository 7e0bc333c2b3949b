"""The files of a trained model, and whether they are still what its trial wrote: safetensors has no checksum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bakeoff.errors import CheckpointError
from bakeoff.record.reading import sha256_of_file


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of files of a folder, by name."""
    return {name: sha256_of_file(folder / name) for name in names}


def check_model_files(folder: Path, stored: Mapping[str, str]) -> None:
    """Refuses a model whose files have changed since its trial wrote them; a missing one is left to who reads it.

    Args:
        folder: of the trial.
        stored: their SHA-256 by name.

    Raises:
        CheckpointError: the names of those that have.
    """
    changed = [name for name, digest in stored.items() if sha256_of_file(folder / name) not in (digest, "")]
    if changed:
        problem = f"{' and '.join(changed)} is not what the trial wrote"
        step = "restore it, or delete the trial's folder and give the same command again"
        raise CheckpointError("checkpoint.changed", "run", folder, problem, next_step=step)
