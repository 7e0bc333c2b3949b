"""An Optuna study over training runs: ask, launch a batch, tell, until the study has its number of trials.

The study's folder, ``<output_dir or outputs/sweeps>/<study_name>``:

```
optuna.db                    every trial, as Optuna keeps it
optimization_results.yaml    the best trial, written after each batch
sweep.lock                   held by the program that runs the study
```
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig
from optuna.distributions import distribution_to_json
from optuna.trial import TrialState

from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.config.jobs import PipelineJob, plain
from bakeoff.config.outcomes import Outcome
from bakeoff.config.validation import root_fields
from bakeoff.sweep.launching import Launcher, jobs_at_once, launch
from bakeoff.sweep.results import best_line, write_results
from bakeoff.sweep.settings import StudySettings
from bakeoff.sweep.space import Distributions, addressed, override_text, search_space
from bakeoff.sweep.study import Study, open_study, url

DEFAULT_ROOT = Path("outputs/sweeps")
FIXED_SECTIONS = ("seed", "task", "data", "model", "optimizer", "scheduler", "trainer", "augment")
"""What, with the search space, a study's trials have in common."""


@dataclass(frozen=True)
class SweepPlan:
    """What stays the same from trial to trial.

    Attributes:
        settings: of the study.
        shared: the configuration of all trials, resolved.
        fixed: the overrides of all trials.
        names: each searched key as an override names it.
        metric: what is searched for, ``val/...``.
        folder: the study's.
        study_name: the study's.
        program: the program's name on the command line.
    """

    settings: StudySettings
    shared: Mapping[str, Any]
    fixed: Sequence[str]
    names: Mapping[str, str]
    metric: str
    folder: Path
    study_name: str
    program: str

    def overrides(self, params: Mapping[str, Any], number: int) -> list[str]:
        """The overrides of one trial."""
        searched = [f"{name}={_as_text(params[key])}" for key, name in self.names.items()]
        return [*self.fixed, *searched, *self._reporting(number)]

    def command(self, params: Mapping[str, Any]) -> str:
        """The command that trains with these parameters."""
        fixed = [word for word in self.fixed if not word.startswith(("output_dir=", "sweep="))]
        return shlex.join([*self.program.split(), *fixed, *(f"{key}={_as_text(params[key])}" for key in self.names)])

    def _reporting(self, number: int) -> list[str]:
        """Where a trial that may be pruned reports to."""
        if self.settings.pruner is None:
            return []
        where = {"storage": url(self.folder), "study": self.study_name, "number": number}
        where["pruner"] = self.settings.pruner
        return [f"++sweep.trial={override_text(where)}"]


def run_study(
    overrides: Sequence[Override], *, config: DictConfig, launcher: Launcher, job: PipelineJob, settings: StudySettings
) -> dict[str, Any]:
    """Runs a study up to its number of trials; returns what ``optimization_results.yaml`` holds.

    Args:
        overrides: the command line's, searched and fixed.
        config: the multirun's configuration, Hydra's section included.
        launcher: set up with ``job``.
        job: what the launcher runs.
        settings: of the study.

    Raises:
        ConfigError: nothing to search, unknown keys, a study of other trials or one that is running.
    """
    shared = plain(config)
    space = search_space(shared, overrides)
    plan = _plan(overrides, shared, space, config=config, job=job, settings=settings)
    identity = _identity(shared, space)
    job.begin(config)
    outcomes: list[Outcome] = []
    count = settings.n_jobs or jobs_at_once(config.hydra.launcher)
    direction = shared["task"]["direction"]
    with open_study(plan.folder, plan.study_name, settings, space, direction=direction, identity=identity) as study:
        print(f"study {plan.study_name} in {plan.folder}: {study.counts()['total']} of {settings.n_trials} trials")
        while trials := study.next_trials(count):
            batch = [plan.overrides(trial.params, trial.number) for trial in trials]
            ended = launch(launcher, job, batch, len(outcomes))
            for trial, outcome in zip(trials, ended, strict=True):
                _tell(study, trial, outcome, plan)
            outcomes += ended
            write_results(study, plan.folder, metric=plan.metric, command=plan.command)
        job.end(config, outcomes)
        results = write_results(study, plan.folder, metric=plan.metric, command=plan.command)
    print(best_line(results), flush=True)
    return results


def _plan(
    overrides: Sequence[Override],
    shared: Mapping[str, Any],
    space: Distributions,
    *,
    config: DictConfig,
    job: PipelineJob,
    settings: StudySettings,
) -> SweepPlan:
    names = [shared[section]["name"] for section in ("task", "data", "model")]
    study_name = settings.study_name or "-".join([*names, _identity(shared, space)])
    composer = Composer(folder=job.folders[0], config_dir=job.folders[1] if len(job.folders) > 1 else None)
    root = root_fields(job.pipeline, Catalog(job.folders))
    return SweepPlan(
        settings=settings,
        shared=shared,
        fixed=[str(item.input_line) for item in overrides if not item.is_sweep_override()],
        names=addressed(space, config, root=root, groups=composer.option_groups()),
        metric=f"val/{shared['task']['metric']}",
        folder=Path(shared["output_dir"] or DEFAULT_ROOT) / study_name,
        study_name=study_name,
        program=job.program,
    )


def _identity(shared: Mapping[str, Any], space: Distributions) -> str:
    """Eight hexadecimal digits that stand for what is fixed and what is searched."""
    fixed = {section: shared[section] for section in FIXED_SECTIONS}
    searched = {key: distribution_to_json(distribution) for key, distribution in space.items()}
    text = json.dumps([fixed, searched], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _tell(study: Study, trial: optuna.Trial, outcome: Outcome, plan: SweepPlan) -> None:
    """Ends a trial with what its job returned, and says so in one line."""
    result = outcome.result or {}
    value = (result.get("validation") or {}).get(plan.metric.removeprefix("val/"))
    if outcome.code is not None:
        state, why = TrialState.FAIL, outcome.why
    elif result.get("status") == "pruned":
        state, why = TrialState.PRUNED, result.get("why")
    else:
        state, why = TrialState.COMPLETE, None
    if result.get("trial_id"):
        trial.set_user_attr("trial_id", result["trial_id"])
    study.tell(trial, value=value, state=state, why=why)
    told = f"{plan.metric} {value:.4f}" if state is TrialState.COMPLETE and value is not None else why or "no metric"
    params = " ".join(f"{key}={_as_text(item, digits=4)}" for key, item in trial.params.items())
    print(f"trial {trial.number}: {told}  {params}", flush=True)


def _as_text(value: Any, *, digits: int | None = None) -> str:
    """A parameter in an override: choices are texts already."""
    if isinstance(value, str):
        return value
    return f"{value:.{digits}g}" if digits and isinstance(value, float) else repr(value)
