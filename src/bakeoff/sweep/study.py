"""An Optuna study that ends with exactly its number of trials, however often its program is killed.

Optuna's `ask` leaves a trial RUNNING in the storage until it is told. When a study is opened again, such trials are
what the last program was killed in; they are taken up under their own number, with their own parameters, so that
nothing is drawn twice and no trial is lost. Trial number n is drawn by a sampler seeded with n: a study that was killed
draws what an undisturbed one draws.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import optuna
from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from bakeoff.databases import sqlite_uri
from bakeoff.errors import ConfigError
from bakeoff.sweep.settings import StudySettings
from bakeoff.sweep.space import Distributions

MAX_ATTEMPTS = 3
"""How often a trial is taken up before it counts as failed: one that kills its machine must not do so for ever."""

_WAIT_S = 60.0
_NAMELESS = SimpleNamespace(study_name="")
"""All that Optuna asks of a study to find a trial's bracket."""


@dataclass
class Study:
    """A study and how many trials it is to have.

    Attributes:
        study: Optuna's.
        settings: sampler, seed, number of trials.
        space: what each trial draws.
    """

    study: optuna.Study
    settings: StudySettings
    space: Distributions

    def next_trials(self, count: int) -> list[optuna.Trial]:
        """Up to ``count`` trials to run now, interrupted ones first; empty when the study is complete."""
        trials = list(itertools.islice(self._interrupted(), count))
        while len(trials) < count and len(self._all()) < self.settings.n_trials:
            trials.append(self._ask())
        return trials

    def tell(self, trial: optuna.Trial, *, value: float | None, state: TrialState, why: str | None = None) -> None:
        """Ends a trial; a value that is no finite number makes it a failed one."""
        if state is TrialState.COMPLETE and (value is None or not math.isfinite(value)):
            state, why = TrialState.FAIL, why or f"its metric is {value}"
        if why is not None:
            trial.set_user_attr("why", why)
        self.study.tell(trial, value if state is TrialState.COMPLETE else None, state=state)

    def counts(self) -> dict[str, int]:
        """How many trials there are, in all and by how they ended."""
        states = [trial.state for trial in self._all()]
        by_name = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        return {"total": len(states)} | {name: states.count(state) for name, state in by_name.items()}

    def best(self) -> optuna.trial.FrozenTrial | None:
        """The best finished trial, the earliest of equals; None where there is none."""
        return self.study.best_trial if self.counts()["finished"] else None

    def _all(self) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _ask(self) -> optuna.Trial:
        self.study.sampler = sampler(self.settings, len(self._all()))
        return self._drawn(self.study.ask())

    def _drawn(self, trial: optuna.Trial) -> optuna.Trial:
        """Draws what the trial has not drawn yet."""
        for name, distribution in self.space.items():
            trial._suggest(name, distribution)  # what `ask(fixed_distributions)` does, for a trial that there is
        trial.set_user_attr("attempts", trial.user_attrs.get("attempts", 0) + 1)
        return trial

    def _interrupted(self) -> Iterator[optuna.Trial]:
        """Trials that a killed program left running; those that did so too often are failed here."""
        for frozen in self._all():
            if frozen.state is not TrialState.RUNNING:
                continue
            self.study.sampler = sampler(self.settings, frozen.number)
            trial = optuna.Trial(self.study, frozen._trial_id)
            if frozen.user_attrs.get("attempts", 0) < MAX_ATTEMPTS:
                yield self._drawn(trial)
            else:
                self.tell(trial, value=None, state=TrialState.FAIL, why=f"killed {MAX_ATTEMPTS} times")


def sampler(settings: StudySettings, number: int) -> optuna.samplers.BaseSampler:
    """The sampler of one trial, a function of the study's seed and the trial's number."""
    digest = hashlib.sha256(f"{settings.seed}/{number}".encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    if settings.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed)


def pruner(name: str | None) -> optuna.pruners.BasePruner:
    """The pruner of that name."""
    if name == "hyperband":
        return Hyperband()
    return optuna.pruners.MedianPruner() if name == "median" else optuna.pruners.NopPruner()


class Hyperband(optuna.pruners.HyperbandPruner):
    """Optuna's, with a trial's bracket a function of its number alone, so that studies of two models spend alike.

    Optuna hashes the study's name along with it, which differs by model. The bracket decides how early a trial can end.
    """

    def _get_bracket_id(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> int:
        return super()._get_bracket_id(cast(optuna.Study, _NAMELESS), trial)


@contextmanager
def open_study(
    folder: Path, name: str, settings: StudySettings, space: Distributions, *, direction: str, identity: str
) -> Iterator[Study]:
    """The study of that name in ``folder/optuna.db``, made where there is none; this process alone runs it meanwhile.

    Args:
        folder: the study's own.
        name: the study's.
        settings: sampler, seed, number of trials.
        space: what each trial draws.
        direction: ``maximize`` or ``minimize``.
        identity: stands for everything that is fixed and searched; a study takes trials of one identity only.

    Raises:
        ConfigError: another process runs it, it has other trials, or its database can't lie there.
    """
    quiet()
    address = url(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "sweep.lock", timeout=0):
            study = optuna.create_study(
                storage=storage(address),
                study_name=name,
                direction=optuna.study.StudyDirection[direction.upper()],
                load_if_exists=True,
                pruner=optuna.pruners.NopPruner(),
            )
            _check_identity(study, identity)
            yield Study(study, settings, space)
    except Timeout as error:
        problem = "another program runs this study"
        raise ConfigError("config.study_busy", "hydra.sweeper.study_name", name, problem) from error


def url(folder: Path) -> str:
    """The storage of a study's folder.

    Raises:
        ConfigError: no database can lie there.
    """
    return sqlite_uri(folder / "optuna.db")


def storage(address: str) -> RDBStorage:
    """A database that several processes write to, each waiting for the others."""
    waits = {"connect_args": {"timeout": _WAIT_S}} if address.startswith("sqlite:") else {}
    return RDBStorage(address, engine_kwargs=waits)


def running_trial(where: Mapping[str, Any]) -> optuna.Trial:
    """The trial that this process runs, to report to.

    Args:
        where: ``storage``, ``study``, ``number`` and ``pruner``, as `bakeoff.sweep.optuna_sweep` puts them into
            ``sweep.trial``.
    """
    quiet()
    study = optuna.load_study(
        study_name=str(where["study"]),
        storage=storage(str(where["storage"])),
        sampler=optuna.samplers.RandomSampler(),
        pruner=pruner(where["pruner"]),
    )
    trials = study.get_trials(deepcopy=False)
    return optuna.Trial(study, trials[int(where["number"])]._trial_id)


def quiet() -> None:
    """Keeps Optuna's own lines off the terminal; ours say the same, one a trial."""
    optuna.logging.set_verbosity(logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def _check_identity(study: optuna.Study, identity: str) -> None:
    if study.user_attrs.setdefault("identity", identity) != identity:
        problem = "the study has trials with other settings or another search space"
        step = "give another hydra.sweeper.study_name, or none"
        raise ConfigError("config.study_differs", "hydra.sweeper.study_name", study.study_name, problem, next_step=step)
    study.set_user_attr("identity", identity)
