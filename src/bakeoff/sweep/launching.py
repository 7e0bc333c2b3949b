"""A batch of jobs through a launcher, to an outcome for each, whatever becomes of single jobs.

Launchers give up on a whole batch when the process of one job dies (joblib's ``TerminatedWorkerError``, submitit's
``UncompletedJobError``). Here the jobs that are left without an outcome are then launched again, one at a time, so that
only the one that kills its process fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bakeoff.config.jobs import PipelineJob
from bakeoff.config.outcomes import Outcome, Outcomes
from bakeoff.errors import EnvironmentFault

_DIED = "sweep.job_died"


class Launcher(Protocol):
    """What Hydra's launchers share."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Any:
        """Runs the jobs, numbered from ``initial_job_idx``, to their end."""


def launch(launcher: Launcher, job: PipelineJob, batch: Sequence[Sequence[str]], first: int) -> list[Outcome]:
    """The outcomes of a batch, in its order; equal jobs run once.

    Args:
        launcher: set up with ``job``.
        job: what the launcher runs.
        batch: each job's overrides.
        first: the number of the batch's first job; numbers are never used twice.

    Raises:
        EnvironmentFault: the launcher starts no job at all.
    """
    assert job.outcomes is not None
    jobs = list(dict.fromkeys(tuple(overrides) for overrides in batch))
    numbers = dict(zip(jobs, range(first, first + len(jobs)), strict=True))
    try:
        launcher.launch([list(overrides) for overrides in jobs], initial_job_idx=first)
    except Exception as error:
        if not any(job.outcomes.started(number) for number in numbers.values()):
            raise _no_start(launcher, error) from error
    for overrides, number in numbers.items():
        if job.outcomes.read(number) is None:
            _launch_alone(launcher, job.outcomes, overrides, number)
    return [_outcome(job.outcomes, numbers[tuple(overrides)]) for overrides in batch]


def _launch_alone(launcher: Launcher, outcomes: Outcomes, overrides: Sequence[str], number: int) -> None:
    """Launches one job again; where its process dies once more, that is its outcome."""
    why = "its process ended without a word"
    try:
        launcher.launch([list(overrides)], initial_job_idx=number)
    except Exception as error:
        why = f"its process died ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
    if outcomes.read(number) is None:
        line = f"error[{_DIED}] {' '.join(overrides)}: {why}; next: a smaller data.batch_size if memory ran out"
        print(line, file=sys.stderr, flush=True)
        outcomes.write(number, Outcome(list(overrides), None, _DIED, line))


def _outcome(outcomes: Outcomes, number: int) -> Outcome:
    outcome = outcomes.read(number)
    assert outcome is not None
    return outcome


def _no_start(launcher: Launcher, error: Exception) -> EnvironmentFault:
    name = type(launcher).__name__
    problem = f"no job could be started ({type(error).__name__}: {error})"
    return EnvironmentFault("env.launcher", "hydra/launcher", name, problem, next_step="hydra/launcher=basic")


def jobs_at_once(launcher: Mapping[str, Any]) -> int:
    """How many jobs a launcher of these settings runs side by side; cores where it leaves that to the machine."""
    target = str(launcher.get("_target_", ""))
    if target.endswith("BasicLauncher"):
        return 1
    ray = launcher.get("ray") or {}
    wanted = launcher.get("n_jobs") or launcher.get("array_parallelism") or (ray.get("init") or {}).get("num_cpus")
    return int(wanted) if wanted and int(wanted) > 0 else os.cpu_count() or 1
