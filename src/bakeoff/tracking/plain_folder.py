"""The files of a model that need no tracker: weights, JSON and the card, for whoever it is given to."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from bakeoff.files import read_json, write_json
from bakeoff.record.layout import CONFIG, RESULT, SPEC, TEST_METRICS, WEIGHTS
from bakeoff.tracking.model_card import Origin, model_card
from bakeoff.tracking.secrets import mask_text
from bakeoff.training.trial.saved_run import SavedRun

CARD = "README.md"
_COPIED = (WEIGHTS, SPEC)
_TEXTS = (CONFIG, RESULT)


def write_plain_folder(
    saved: SavedRun,
    folder: Path,
    *,
    origin: Origin,
    test: Mapping[str, float],
    files: Mapping[str, str],
    note: str,
    added: Mapping[str, str] | None = None,
) -> None:
    """Writes weights, configuration, description of the data, result and card; no secret among them.

    Args:
        saved: the run.
        folder: where to; made if it is not there.
        origin: where the model comes from.
        test: the run's test metrics, which a trial of a bakeoff does not know by itself.
        files: further ones that the card names, and what each holds.
        note: what it takes to use them.
        added: further sections of the card, by title.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _COPIED:
        shutil.copyfile(saved.folder / name, folder / name)
    for name in _TEXTS:
        (folder / name).write_text(mask_text((saved.folder / name).read_text(encoding="utf-8")), encoding="utf-8")
    result = {**saved.result, "test": dict(test)} if test else saved.result
    write_json(folder / RESULT, result)
    card = model_card(saved.trial, saved.spec, result, origin, files=files, note=note, added=added)
    (folder / CARD).write_text(mask_text(card), encoding="utf-8")


def recorded_test(folder: Path) -> dict[str, float]:
    """The test metrics of a bakeoff's trial, which the scorer writes beside the result; none for others."""
    path = folder / TEST_METRICS
    return read_json(path) if path.exists() else {}
