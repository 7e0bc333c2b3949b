"""What becomes of a trial whose process has ended: its result, another attempt, or a result that says it failed."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from bakeoff.comparison.running.job import Job
from bakeoff.comparison.running.order import Ending, Order, failure
from bakeoff.files import no_room, read_json, write_json
from bakeoff.record.kills import note_kill, num_kills
from bakeoff.record.layout import APART, LOG, RESULT
from bakeoff.training.devices.memory import halve, times_out_of_memory
from bakeoff.training.trial.configuration import TrialConfig

_KILLED = "killed "


@dataclass(frozen=True)
class Attempt:
    """A trial to run, and how often its process was killed before; or other seeds of it too, to be trained as one."""

    job: Job
    kills: int = 0
    others: tuple[Job, ...] = ()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All of them."""
        return self.job, *self.others

    @property
    def order(self) -> Order:
        """The same as plain values, for another process."""
        return replace(self.job.order, others=tuple(job.order for job in self.others))


def first_attempts(jobs: Sequence[Job]) -> list[Attempt]:
    """Attempts at the jobs without a result, in order: each at up to ``trainer.stack_seeds`` seeds of a contender."""
    groups: list[list[Job]] = []
    open_groups: dict[str, list[Job]] = {}
    for job in jobs:
        if job.finished:
            continue
        most = _stacked_at_most(job)
        group = open_groups.get(job.configured) if most > 1 else None
        if group is None or len(group) == most:
            groups.append(group := [])
            if most > 1:
                open_groups[job.configured] = group
        group.append(job)
    return [Attempt(group[0], others=tuple(group[1:])) for group in groups]


def _stacked_at_most(job: Job) -> int:
    """With how many of its seeds a trial may be trained: those that failed as one go on alone."""
    most = int(job.config["trainer"].get("stack_seeds", 1))
    if most == 1 or (job.folder / APART).exists() or times_out_of_memory(job.folder):
        return 1
    return 1 if TrialConfig.of(job.config).is_fitted else most


def after(attempt: Attempt, ending: Ending, *, retries: int) -> tuple[list[Attempt], list[Job]]:
    """The next attempts, and the jobs that have a result by now; trials that were attempted as one go on alone.

    Raises:
        EnvironmentFault: a trial could not write any more.
    """
    if attempt.others:  # its want of memory is none of a single trial's
        ending = replace(ending, out_of_memory=False)
    alone = [Attempt(job, attempt.kills) for job in attempt.jobs]
    found = [following(each, ending, retries=retries) for each in alone]
    over = [job for job, again in zip(attempt.jobs, found, strict=True) if again is None]
    return [again for again in found if again is not None], over


def following(attempt: Attempt, ending: Ending, *, retries: int) -> Attempt | None:
    """The next attempt at a trial that has no result; None where it has one by now.

    A trial that ran out of memory is run again with its batches in smaller parts; one that was killed is run again with
    the same seed, at most ``retries`` times. What ended it is noted in the trial's log.

    Raises:
        EnvironmentFault: the trial could not write any more: no verdict on the model.
    """
    job = attempt.job
    if job.finished:
        return None
    if ending.apart:
        return attempt
    if ending.no_room:
        raise no_room(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(job.folder)))
    if ending.late:
        _fail(job, ending.why)
        return None
    job.folder.mkdir(parents=True, exist_ok=True)
    with (job.folder / LOG).open("a") as log:
        starved = ", out of memory" if ending.out_of_memory else ""
        log.write(f"the process ended with {ending.why} and no result{starved}\n")
    if ending.out_of_memory:
        trial = TrialConfig.of(job.config)
        if not trial.is_fitted and halve(job.folder, trial):
            return attempt
        _fail(job, _starved(job))
        return None
    note_kill(job.folder, ending.why)
    if attempt.kills < retries:
        return replace(attempt, kills=attempt.kills + 1)
    times = f"{attempt.kills + 1} times" if attempt.kills else "once"
    _fail(job, f"{_KILLED}{times} ({ending.why})")
    return None


def _starved(job: Job) -> str:
    times = times_out_of_memory(job.folder)
    return "out of memory" + (f", also with batches in {2**times} parts" if times else "")


def _fail(job: Job, why: str) -> None:
    result = failure(job.config, asdict(job.label), why)
    noted = {"out_of_memory": times_out_of_memory(job.folder), "killed": num_kills(job.folder)}
    write_json(job.folder / RESULT, result | noted)


def was_killed(job: Job) -> bool:
    """Whether a trial has no other result than that its process was killed too often."""
    if not job.finished:
        return False
    result = read_json(job.folder / RESULT)
    return result["status"] == "failed" and str(result["why"]).startswith(_KILLED)
