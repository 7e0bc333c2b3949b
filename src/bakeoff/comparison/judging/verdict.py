"""From stored scores to the verdict: what was opened, what validation says, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bakeoff.comparison.judging.metrics import margin_of_validation
from bakeoff.comparison.judging.opening import VALIDATION
from bakeoff.comparison.planning.plan import Plan
from bakeoff.comparison.running.job import Job
from bakeoff.files import atomic_writer, read_json, write_json
from bakeoff.statistics import Verdict, family_verdict, race_verdict, verdict_from_scores
from bakeoff.statistics.pooled import best_of
from bakeoff.training.trial.assembly import make_task, task_class


@dataclass
class Trial:
    """A trial with its result and, once opened, what the test set says of it."""

    job: Job
    result: dict[str, Any]
    test: dict[str, float]
    number: int

    @property
    def contender(self) -> str:
        """Whose trial it is."""
        return self.job.label.contender

    @property
    def failed(self) -> bool:
        """Whether it was scored as the trivial predictor."""
        return self.result["status"] != "finished"


def fixed_margin(plan: Plan, folder: Path, jobs: Sequence[Job]) -> float | None:
    """The difference that matters: given, or a tenth of the best contender's validation error; None if that is nothing.

    It is written down before the first test score is known, and read from there ever after.
    """
    path = folder / "margin.json"
    if path.exists():
        return read_json(path)["margin"] or None
    margin, rule = plan.config["margin"], "given"
    if margin is None:
        task, m = plan.config["task"], family_size(plan.config["tune"])
        rule = "10 % of the best validation error" + (f" to expect of the best of {m} trials" if m else "")
        values = _validation_values(task["metric"], jobs)
        facts = task_class(plan.config).facts(task["metric"], direction=task["direction"])
        margin = margin_of_validation(values, facts=facts, best_of=m)
    write_json(path, {"margin": margin, "rule": rule})
    return margin


def family_size(tune: Mapping[str, Any]) -> int | None:
    """m of the family claim; None without tuning."""
    return best_of(int(tune["trials"]), tune["best_of"]) if tune["trials"] else None


def _validation_values(metric: str, jobs: Sequence[Job]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for job in jobs:
        result = read_json(job.folder / "result.json")
        if job.label.role == "contender" and result["status"] == "finished":
            values.setdefault(job.label.contender, []).append(result["validation"][metric])
    return values


def judge(
    plan: Plan,
    folder: Path,
    table: pd.DataFrame,
    trials: Sequence[Trial],
    *,
    margin: float | None,
    previous: Verdict | None,
) -> Verdict:
    """The verdict on what has been opened so far: of a race's look, of tuned families, or of fixed configurations."""
    task = plan.config["task"]
    entered = [contender.name for contender in plan.entered]
    frame = table[table["contender"].isin(entered)]
    about: dict[str, Any] = {
        "metric": task["metric"],
        "direction": task["direction"],
        "alpha": float(plan.config["alpha"]),
        "margin": margin,
        "failed": _failed(trials),
    }
    if plan.tuned:
        validation = validation_table(plan, folder, trials)
        return family_verdict(frame, validation, m=plan.config["tune"]["best_of"], **about)
    if plan.looks is not None:
        looks = dict(zip(plan.looks.seeds, plan.looks.alphas, strict=True))
        return race_verdict(frame, looks=looks, previous=previous, paired=bool(plan.config["paired"]), **about)
    verdict = verdict_from_scores(frame, paired=bool(plan.config["paired"]), **about)
    return exploratory(verdict) if plan.exploratory else verdict


def exploratory(verdict: Verdict) -> Verdict:
    """The verdict as one that seeds were added for: its sentence and its warnings say so too."""
    note = "exploratory: seeds were added that were not declared before the first run; the error rate is not guaranteed"
    sentence = f"Exploratory: {verdict.sentence}"
    return replace(verdict, exploratory=True, sentence=sentence, warnings=(note, *verdict.warnings))


def validation_table(plan: Plan, folder: Path, trials: Sequence[Trial]) -> pd.DataFrame:
    """What contenders' trials were selected by, also written to ``validation.parquet``; failures score as trivial."""
    metric = plan.config["task"]["metric"]
    trivial = _trivial_validation(plan) if any(trial.failed for trial in trials) else None
    rows = [
        {
            "contender": trial.contender,
            "seed": trial.result["seed"],
            "trial": trial.number,
            "score": trivial if trial.failed else trial.result["validation"][metric],
        }
        for trial in trials
        if trial.job.label.role == "contender"
    ]
    table = pd.DataFrame(rows)
    with atomic_writer(folder / VALIDATION) as file:
        table.to_parquet(file, index=False)
    return table


def _trivial_validation(plan: Plan) -> float:
    """What the trivial predictor reaches on validation."""
    task = make_task(plan.config, plan.data.spec)
    answers = task.trivial(plan.data.cases("train"), plan.data.raw("val"))
    return float(task.score_examples(answers, plan.data.labels("val"), plan.config["task"]["metric"]).mean())


def _failed(trials: Sequence[Trial]) -> dict[str, list[str]]:
    failed: dict[str, list[str]] = {}
    for trial in trials:
        if trial.failed and trial.job.label.role == "contender":
            failed.setdefault(trial.contender, []).append(f"seed {trial.result['seed']}")
    return failed
