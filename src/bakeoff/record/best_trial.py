"""The trial of a bakeoff to use from then on: the winner's, or another contender's, that is best on validation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bakeoff.errors import ConfigError
from bakeoff.record.layout import PLAN, VERDICT, trial_folder
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import read
from bakeoff.record.trials import RecordedTrial
from bakeoff.record.verdict import RecordedVerdict


@dataclass(frozen=True)
class BestTrial:
    """It, and the bakeoff that it comes from."""

    trial: RecordedTrial
    plan: RecordedPlan
    verdict: RecordedVerdict


def best_trial(folder: Path, contender: str | None, *, key: str, naming: str) -> BestTrial:
    """The best trial on validation, of the winner where no contender is named.

    Args:
        folder: of the bakeoff.
        contender: by name; None: the winner.
        key: what the user gave the folder as.
        naming: how a contender is named there, such as ``contender=NAME``.

    Raises:
        ConfigError: no verdict yet, no winner, or no such contender.
    """
    if not (folder / VERDICT).exists():
        raise ConfigError("config.no_verdict", key, folder, "the bakeoff has no verdict yet")
    plan = RecordedPlan.from_dict(read(folder / PLAN))
    verdict = RecordedVerdict.from_dict(read(folder / VERDICT))
    trials = {entry.name: entry.trials for entry in plan.contenders}
    name = contender or verdict.winner
    if name not in trials:
        problem = "there is no such contender" if contender else f"no winner: the verdict is {verdict.verdict}"
        raise ConfigError("config.no_winner", key, contender or folder, problem, allowed=trials, next_step=naming)
    found = (RecordedTrial.found(trial_folder(folder, trial)) for trial in trials[name])
    finished = [trial for trial in found if trial is not None and not trial.failed]
    if not finished:
        raise ConfigError("config.no_run", key, name, "none of its trials finished")
    best = max(finished, key=lambda trial: plan.aim.sign * trial.validation[plan.metric])
    return BestTrial(best, plan, verdict)
