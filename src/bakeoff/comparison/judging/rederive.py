"""A verdict's figures again, from the files of a bakeoff's folder: predictions, labels, results and scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bakeoff.comparison.judging.metrics import margin_of_validation
from bakeoff.comparison.judging.opening import LABELS, SCORES
from bakeoff.comparison.judging.verdict import Trial, exploratory, family_size
from bakeoff.comparison.running.executor import Job
from bakeoff.data.contract import TaskData
from bakeoff.errors import DataError
from bakeoff.files import read_json
from bakeoff.record.bakeoff import PlannedTrial, RecordedBakeoff, RecordedTrial
from bakeoff.statistics import Verdict, declare_looks, family_verdict, race_verdict, verdict_from_scores
from bakeoff.tables import read_table
from bakeoff.tasks.contract import Task
from bakeoff.training.trial.assembly import data_class, make_task, task_class
from bakeoff.training.trial.predictions import FILE
from bakeoff.training.trial.run import TrialLabel

Stored = dict[tuple[str, int], pd.Series]
"""Scores by contender and trial number, each a series with the examples as its index."""


@dataclass
class Rescored:
    """A trial with its scores as they follow from its predictions; None where those cannot be read."""

    trial: Trial
    scores: np.ndarray | None


def stored_table(bakeoff: RecordedBakeoff) -> pd.DataFrame:
    """The scores that the verdict was drawn from.

    Raises:
        DataError: no such file, or one that is no table.
    """
    path = bakeoff.path / SCORES
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError("data.damaged_file", "folder", path, f"no table of scores: {error}") from error


def by_trial(table: pd.DataFrame) -> Stored:
    """The table's scores, a trial each."""
    grouped = table.groupby(["contender", "trial"], observed=True, sort=False)
    return {(str(name), int(trial)): rows.set_index("example")["score"] for (name, trial), rows in grouped}


def stored_labels(bakeoff: RecordedBakeoff) -> pa.Table:
    """The opened test labels.

    Raises:
        DataError: no such file, or one that is no table.
    """
    path = bakeoff.path / LABELS
    try:
        return read_table(path)
    except (OSError, ValueError) as error:
        raise DataError("data.damaged_file", "folder", path, f"no test labels: {error}") from error


def rescore(bakeoff: RecordedBakeoff, stored: Stored, *, data: TaskData | None) -> list[Rescored]:
    """Every planned trial that was run, scored again from its predictions against the opened labels.

    A failed trial is the trivial predictor, which follows from the train labels; without the data its stored scores are
    taken.
    """
    task = task_of(bakeoff)
    labels, metric = stored_labels(bakeoff), bakeoff.plan["task"]["metric"]
    found = []
    for planned in bakeoff.planned:
        recorded = bakeoff.trials.get(planned.trial_id)
        if recorded is None:
            continue
        predictions = _predictions(bakeoff, recorded, data)
        scores: np.ndarray | None
        if predictions is not None:
            scores, test = task.score_examples(predictions, labels, metric), task.summarise(predictions, labels)
        else:
            known = stored.get((planned.contender, planned.point.trial)) if recorded.failed else None
            scores = None if known is None else known.to_numpy(dtype=np.float64)
            test = read_json(recorded.folder / "test_metrics.json")
        found.append(Rescored(_trial(planned, recorded, test), scores))
    return found


def margin_again(bakeoff: RecordedBakeoff) -> float | None:
    """The margin: given, or a tenth of the best contender's validation error before the test was first opened (rule
    17); None where that is nothing."""
    task, given = bakeoff.plan["task"], bakeoff.plan["margin"]
    if given is not None:
        return float(given)
    values = {}
    for entry in bakeoff.contenders:
        first = bakeoff.recorded_of(entry["name"])[: bakeoff.looks[0]]
        if entry["role"] == "contender":
            found = [trial.result["validation"][task["metric"]] for trial in first if not trial.failed]
            values[entry["name"]] = found
    m = family_size(bakeoff.plan["tune"])
    facts = task_class(bakeoff.contenders[0]["config"]).facts(task["metric"], direction=task["direction"])
    return margin_of_validation(values, facts=facts, best_of=m)


def verdict_again(
    bakeoff: RecordedBakeoff,
    table: pd.DataFrame,
    trials: list[Trial],
    *,
    margin: float | None,
    validation: pd.DataFrame | None,
) -> tuple[Verdict, list[dict[str, Any]]]:
    """The verdict on the stored scores under the rules of the plan, and what each declared look said."""
    plan = bakeoff.plan
    entered = [entry["name"] for entry in bakeoff.contenders if entry["role"] == "contender"]
    frame = table[table["contender"].isin(entered)]
    about: dict[str, Any] = {
        "metric": plan["task"]["metric"],
        "direction": plan["task"]["direction"],
        "alpha": float(plan["alpha"]),
        "margin": margin,
    }
    if plan["looks"]:
        return _race(bakeoff, frame, trials, about)
    about["failed"] = failed_among(trials)
    if bakeoff.tuned:
        assert validation is not None
        return family_verdict(frame, validation, m=plan["tune"]["best_of"], **about), []
    verdict = verdict_from_scores(frame, paired=bool(plan["paired"]), **about)
    return exploratory(verdict) if plan["exploratory"] else verdict, []


def failed_among(trials: list[Trial]) -> dict[str, list[str]]:
    """Names of the contenders' failed trials."""
    failed: dict[str, list[str]] = {}
    for trial in trials:
        if trial.failed and trial.job.label.role == "contender":
            failed.setdefault(trial.contender, []).append(f"seed {trial.result['seed']}")
    return failed


def _race(
    bakeoff: RecordedBakeoff, frame: pd.DataFrame, trials: list[Trial], about: dict[str, Any]
) -> tuple[Verdict, list[dict[str, Any]]]:
    looks = declare_looks(bakeoff.plan["looks"], alpha=about["alpha"])
    verdict: Verdict | None = None
    said = []
    for seeds in looks.seeds:
        failed = failed_among([trial for trial in trials if trial.number < seeds])
        until_now = frame[frame["trial"] < seeds]
        levels = dict(zip(looks.seeds, looks.alphas, strict=True))
        stage: dict[str, Any] = {"failed": failed, "previous": verdict, "paired": bool(bakeoff.plan["paired"])}
        verdict = race_verdict(until_now, looks=levels, **about, **stage)
        said.append({"seeds": seeds, "verdict": verdict.verdict, "racing": list(verdict.racing)})
        if not verdict.racing:
            break
    assert verdict is not None
    return verdict, said


def _trial(planned: PlannedTrial, recorded: RecordedTrial, test: dict[str, float]) -> Trial:
    label = TrialLabel(planned.trial_id, planned.contender, planned.role)
    return Trial(Job(recorded.config or {}, recorded.folder, label), recorded.result, test, planned.point.trial)


def _predictions(bakeoff: RecordedBakeoff, recorded: RecordedTrial, data: TaskData | None) -> pa.Table | None:
    """What a trial said; what the trivial predictor says for a failed one; None where neither can be known."""
    if not recorded.failed:
        return _read_answers(recorded.folder / FILE)
    if data is None:
        return None
    return task_of(bakeoff).trivial(data.cases("train"), data.raw("test"))


def task_of(bakeoff: RecordedBakeoff) -> Task[Any]:
    """What the bakeoff was about."""
    config = bakeoff.contenders[0]["config"]
    return make_task(config, data_class(config).spec_class.from_dict(bakeoff.plan["data"]["spec"]))


def _read_answers(path: Path) -> pa.Table | None:
    """Whatever lies there, changed or not: the guard on sealed predictions tells which."""
    try:
        return read_table(path)
    except (OSError, ValueError):
        return None
