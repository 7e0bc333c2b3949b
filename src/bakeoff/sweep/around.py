"""What a sweep does in the program itself, before its first job and after its last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from bakeoff.config.jobs import Job, imported
from bakeoff.config.outcomes import Outcome


def before_sweep(job: Job, config: DictConfig) -> None:
    """Prepares what all jobs share, such as the tracker's database."""
    if job.before_sweep is not None:
        imported(job.before_sweep)(plain(config))


def after_sweep(job: Job, config: DictConfig, outcomes: Sequence[Outcome]) -> None:
    """Waits for what the jobs left to do, such as the tracker's last points."""
    if job.after_sweep is not None:
        imported(job.after_sweep)(plain(config), [outcome.result for outcome in outcomes if outcome.result])


def plain(config: DictConfig) -> dict[str, Any]:
    """The configuration that all jobs share, without Hydra's section; values that a job must give stay ``???``."""
    own = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    resolved = OmegaConf.to_container(own, resolve=True, throw_on_missing=False)
    assert isinstance(resolved, dict)
    return {str(name): value for name, value in resolved.items()}
