"""Puts a run into MLflow's model registry."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from bakeoff.record.best_trial import best_trial
from bakeoff.tracking.model_card import Origin
from bakeoff.tracking.model_folder import write_model
from bakeoff.tracking.plain_folder import CARD, recorded_test
from bakeoff.tracking.store import Store
from bakeoff.training.trial.saved_run import SavedRun, load_run

ARTIFACT = "model"
"""Where a run's model folder lies among its artifacts."""


@dataclass(frozen=True)
class Chosen:
    """The run to register, and where it comes from."""

    folder: Path
    origin: Origin


@dataclass(frozen=True)
class Version:
    """A version in the registry."""

    name: str
    number: str
    new: bool
    """False where the run had been registered under this name before."""


def chosen_trial(folder: Path, contender: str | None) -> Chosen:
    """The trial of a bakeoff's winner, or of another contender, that is best on validation.

    Raises:
        ConfigError: no verdict yet, no winner, or no such contender.
    """
    found = best_trial(folder, contender, key="register", naming=f"bakeoff register {folder} --contender NAME")
    return Chosen(found.trial.folder, Origin.of_bakeoff(found))


def default_name(saved: SavedRun) -> str:
    """``<task>-<data>-<contender>``, without what the registry takes for a path."""
    parts = (saved.trial.task, saved.spec.name, saved.result["contender"])
    return re.sub(r"[/:%\s]+", "_", "-".join(parts))


def register(store: Store, run_id: str, chosen: Chosen, name: str | None) -> Version:
    """Stores the model folder with the run, and makes a version of it; a run that is one already makes no second.

    Raises:
        BakeoffError: no finished run, or one not to trust.
        MlflowException: the store refuses the name.
    """
    saved = load_run(chosen.folder)
    name = name or default_name(saved)
    client = store.client
    _make_model(store, name)
    for version in client.search_model_versions(f"run_id = '{run_id}'"):  # a name may hold what a filter can't
        if version.name == name:
            return Version(name, str(version.version), new=False)
    test = recorded_test(chosen.folder) or saved.result.get("test", {})
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / ARTIFACT
        write_model(saved, folder, run_id=run_id, origin=chosen.origin, test=test)
        client.log_artifacts(run_id, str(folder), ARTIFACT)
        card = (folder / CARD).read_text(encoding="utf-8")
    source = f"runs:/{run_id}/{ARTIFACT}"
    made = client.create_model_version(name, source, run_id, tags=_tags(saved, test), description=card)
    return Version(name, str(made.version), new=True)


def _make_model(store: Store, name: str) -> None:
    try:
        store.client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _tags(saved: SavedRun, test: dict[str, float]) -> dict[str, Any]:
    metric = saved.trial.metric
    tags = {"task": saved.trial.task, "family": saved.result["family"], "data": saved.spec.name}
    tags |= {"trial_id": saved.result["trial_id"], "data_fingerprint": saved.result["data_fingerprint"]}
    return tags | ({f"test.{metric}": f"{test[metric]:.6g}"} if metric in test else {})
