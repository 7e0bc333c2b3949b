"""Where Hydra looks for sweepers: each hands over to `bakeoff.sweep`, imported only once there is something to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class GridSweeper(BasicSweeper):
    """Every combination, as Hydra's own sweeper; one job's failure does not end the sweep."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keeps what a sweep needs."""
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)
        self.job: Any = task_function

    def sweep(self, arguments: list[str]) -> Any:
        """Runs all combinations of the arguments."""
        from bakeoff.sweep.grid import run_grid

        assert self.hydra_context is not None and self.config is not None and self.launcher is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        (jobs,) = self.split_arguments(overrides, None)
        return run_grid(jobs, config=self.config, launcher=self.launcher, job=self.job, batch_size=self.max_batch_size)


class OptunaSweeper(Sweeper):
    """A study of `bakeoff.sweep.optuna_sweep`, which documents the arguments."""

    def __init__(
        self,
        *,
        study_name: str | None,
        n_trials: int,
        n_jobs: int | None,
        sampler: str,
        seed: int,
        pruner: str | None,
    ) -> None:
        self.settings = {
            "study_name": study_name,
            "n_trials": n_trials,
            "n_jobs": n_jobs,
            "sampler": sampler,
            "seed": seed,
            "pruner": pruner,
        }

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keeps what a sweep needs, and makes the launcher."""
        self.hydra_context = hydra_context
        self.config = config
        self.job: Any = task_function
        self.launcher: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Runs the study up to its number of trials."""
        from bakeoff.sweep.optuna_sweep import run_study
        from bakeoff.sweep.settings import StudySettings

        assert self.hydra_context is not None and self.config is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides: Sequence[Any] = parser.parse_overrides(arguments)
        settings = StudySettings(**self.settings)  # type: ignore[arg-type]  # one dict for six types
        return run_study(overrides, config=self.config, launcher=self.launcher, job=self.job, settings=settings)
