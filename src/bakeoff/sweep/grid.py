"""Every combination of the values on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from omegaconf import DictConfig

from bakeoff.config.jobs import PipelineJob
from bakeoff.config.outcomes import Outcome
from bakeoff.sweep.launching import Launcher, jobs_at_once, launch

_STARTS_ALL_AT_ONCE = ("LocalLauncher",)
"""Launchers that start every job of a batch together, however many cores there are."""


def run_grid(
    jobs: Sequence[Sequence[str]], *, config: DictConfig, launcher: Launcher, job: PipelineJob, batch_size: int | None
) -> list[Outcome]:
    """Runs the jobs and returns their outcomes; those whose result lies in their folder don't train again.

    Args:
        jobs: each job's overrides.
        config: the multirun's configuration, Hydra's section included.
        launcher: set up with ``job``.
        job: what the launcher runs.
        batch_size: jobs to hand over at once; None: all, or as many as there are cores where the launcher would start
            them all together.
    """
    job.begin(config)
    size = batch_size or len(jobs)
    if batch_size is None and type(launcher).__name__ in _STARTS_ALL_AT_ONCE:
        size = jobs_at_once(config.hydra.launcher)
    outcomes: list[Outcome] = []
    for start in range(0, len(jobs), size):
        outcomes += launch(launcher, job, jobs[start : start + size], start)
    job.end(config, outcomes)
    return outcomes
