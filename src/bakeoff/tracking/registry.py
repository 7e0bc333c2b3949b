"""Puts a run into MLflow's model registry."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from bakeoff.errors import ConfigError
from bakeoff.files import read_json
from bakeoff.tracking.model_card import Origin
from bakeoff.tracking.model_folder import CARD, recorded_test, write_model
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
    if not (folder / "verdict.json").exists():
        raise ConfigError("config.no_verdict", "register", folder, "the bakeoff has no verdict yet")
    verdict, plan = read_json(folder / "verdict.json"), read_json(folder / "plan.json")
    names = [entry["name"] for entry in plan["contenders"]]
    name = contender or verdict["winner"]
    if name not in names:
        problem = "there is no such contender" if contender else f"no winner: the verdict is {verdict['verdict']}"
        step = f"bakeoff register {folder} --contender NAME"
        raise ConfigError("config.no_winner", "register", contender or folder, problem, allowed=names, next_step=step)
    entry = plan["contenders"][names.index(name)]
    trials = [folder / "trials" / trial for trial in entry["trials"]]
    scored = [(read_json(trial / "result.json"), trial) for trial in trials if (trial / "result.json").exists()]
    metric, sign = plan["task"]["metric"], 1.0 if plan["task"]["direction"] == "maximize" else -1.0
    finished = [(sign * found["validation"][metric], trial) for found, trial in scored if found["status"] == "finished"]
    if not finished:
        raise ConfigError("config.no_run", "register", name, "none of its trials finished")
    best = max(finished, key=lambda pair: pair[0])[1]
    return Chosen(best, Origin(plan.get("command"), verdict["sentence"]))


def default_name(saved: SavedRun) -> str:
    """``<task>-<data>-<contender>``, without what the registry takes for a path."""
    parts = (saved.config["task"]["name"], saved.spec.name, saved.result["contender"])
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
    metric = saved.config["task"]["metric"]
    tags = {"task": saved.config["task"]["name"], "family": saved.result["family"], "data": saved.spec.name}
    tags |= {"trial_id": saved.result["trial_id"], "data_fingerprint": saved.result["data_fingerprint"]}
    return tags | ({f"test.{metric}": f"{test[metric]:.6g}"} if metric in test else {})
