"""The bakeoff: trials in stages, sealed test scores opened at each, and the verdict on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from bakeoff.comparison.guards import check_recorded, refuse
from bakeoff.comparison.judging.conclusion import FinishedBakeoff, conclude, gather
from bakeoff.comparison.judging.derivation import Evidence, Judgement, judge
from bakeoff.comparison.judging.margin import fixed_margin
from bakeoff.comparison.judging.opening import open_scores
from bakeoff.comparison.judging.scoring import Scorer, Trivial
from bakeoff.comparison.planning.plan import Plan
from bakeoff.comparison.running.attempts import was_killed
from bakeoff.comparison.running.job import Executor, Job
from bakeoff.comparison.running.progress import BakeoffProgress
from bakeoff.errors import ConfigError, TrialsFailed
from bakeoff.files import clear_unfinished
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import LOCK, OPENINGS, RESULT, TRIALS
from bakeoff.record.reading import read_lines

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Race:
    """What all stages of a bakeoff share."""

    plan: Plan
    folder: Path
    executor: Executor
    say: Say
    trivial: Trivial
    progress: str


def run_bakeoff(plan: Plan, folder: Path, executor: Executor, say: Say, *, progress: str = "lines") -> FinishedBakeoff:
    """Runs what has not been run, opens what has not been opened, and says who wins; writes ``verdict.json``.

    With declared looks, a contender that is beaten at one gets no further trials, and the first look that decides ends
    the bakeoff. ``progress`` is the configuration's.

    Raises:
        ConfigError: another process works on this folder.
        TrialsFailed: a guard refuses the comparison, by its name.
    """
    race = _Race(plan, folder, executor, say, Trivial(Scorer.of(plan.trial, plan.data.spec), plan.data), progress)
    stages: list[int | None] = list(plan.looks.seeds) if plan.looks else [None]
    try:
        with FileLock(folder / LOCK, timeout=0):
            for trial in (folder / TRIALS).glob("*"):
                clear_unfinished(trial)
            judgement: Judgement | None = None
            for stage in stages:
                evidence, judgement = _run_stage(race, stage, judgement)
                if not judgement.verdict.racing:
                    break
            assert judgement is not None
            return conclude(evidence, judgement, race.trivial)
    except Timeout as error:
        raise ConfigError(
            "config.folder_busy",
            "output_dir",
            folder,
            "another bakeoff is running there",
            next_step="wait for it, or end it",
        ) from error


def _run_stage(race: _Race, stage: int | None, before: Judgement | None) -> tuple[Evidence, Judgement]:
    """The trials up to a look, or all; then the verdict on them."""
    racing = None if before is None else list(before.verdict.racing)
    jobs = race.plan.jobs(race.folder, first=stage, racing=racing)
    rerun = race.plan.config["rerun"] == "killed"
    if rerun:
        _bring_back([job for job in jobs if was_killed(job)], race.folder)
    with BakeoffProgress.shown(race.progress, jobs, race.trivial.scorer.metric, race.say) as shown:
        race.executor.run(jobs, on_end=shown.ended, on_wait=shown.waits)
    if rerun and (killed := sum(map(was_killed, jobs))):
        problem = f"{killed} of {len(jobs)} trials were killed from outside, so the test stays sealed"
        raise TrialsFailed("trials.killed", "rerun", None, problem, next_step="the same command runs them again")
    bakeoff = RecordedBakeoff.read(race.folder, stage=stage)
    refuse(check_recorded(bakeoff, data=race.plan.data if before is None else None), race.folder)
    margin = fixed_margin(bakeoff, race.trivial)  # before any test score is known
    open_scores(bakeoff, race.trivial)
    evidence = gather(bakeoff, margin=margin, trivial=race.trivial)
    judgement = judge(evidence)
    if stage is not None:
        race.say(f"look at {stage} {bakeoff.plan.run_word}s: {judgement.verdict.verdict}; {_state(judgement, bakeoff)}")
    return evidence, judgement


def _bring_back(killed: Sequence[Job], folder: Path) -> None:
    """Has killed trials run again, whose failure no verdict has seen.

    Raises:
        ConfigError: one has: with its outcome known, whether to run it again is no free choice any more.
    """
    opened = max((float(line["time"]) for line in read_lines(folder / OPENINGS)), default=0.0)
    results = [job.folder / RESULT for job in killed]
    if any(result.stat().st_mtime <= opened for result in results):
        problem = "the test has been opened, and killed trials are part of what was found"
        step = "output_dir=FOLDER for a fresh bakeoff"
        raise ConfigError("config.contradiction", "rerun", "killed", problem, next_step=step)
    for result in results:
        result.unlink()


def _state(judgement: Judgement, bakeoff: RecordedBakeoff) -> str:
    if judgement.verdict.racing:
        return f"still racing: {', '.join(judgement.verdict.racing)}"
    return f"the race is over, {len(bakeoff.plan.trials) - len(bakeoff.ran)} trials saved"
