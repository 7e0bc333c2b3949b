"""Puts a run into MLflow's model registry."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from bakeoff.errors import ConfigError
from bakeoff.record.layout import PLAN, VERDICT, trial_folder
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import read
from bakeoff.record.trials import RecordedTrial
from bakeoff.record.verdict import RecordedVerdict
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
    if not (folder / VERDICT).exists():
        raise ConfigError("config.no_verdict", "register", folder, "the bakeoff has no verdict yet")
    plan = RecordedPlan.from_dict(read(folder / PLAN))
    verdict = RecordedVerdict.from_dict(read(folder / VERDICT))
    trials = {entry.name: entry.trials for entry in plan.contenders}
    name = contender or verdict.winner
    if name not in trials:
        problem = "there is no such contender" if contender else f"no winner: the verdict is {verdict.verdict}"
        step = f"bakeoff register {folder} --contender NAME"
        raise ConfigError("config.no_winner", "register", contender or folder, problem, allowed=trials, next_step=step)
    found = (RecordedTrial.found(trial_folder(folder, trial)) for trial in trials[name])
    finished = [trial for trial in found if trial is not None and not trial.failed]
    if not finished:
        raise ConfigError("config.no_run", "register", name, "none of its trials finished")
    best = max(finished, key=lambda trial: plan.aim.sign * trial.validation[plan.metric])
    return Chosen(best.folder, Origin(plan.command or None, verdict.sentence))


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
