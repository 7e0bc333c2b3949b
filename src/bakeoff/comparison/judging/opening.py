"""Opening the test: the only code of a bakeoff that sees a test label.

A trial leaves sealed predictions. When its turn to be judged has come, they are scored here, once; from then on the
verdict is made from ``scores.parquet`` alone. The opening is noted in ``openings.jsonl`` before that file is there: a
bakeoff that is killed in between opens again, to the same scores, and notes nothing new.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bakeoff.comparison.planning.plan import Plan
from bakeoff.comparison.running.job import Job
from bakeoff.files import atomic_writer, read_json, write_json
from bakeoff.tables import to_bytes
from bakeoff.training.trial.assembly import make_task
from bakeoff.training.trial.predictions import sealed_answers

SCORES = "scores.parquet"
VALIDATION = "validation.parquet"
OPENINGS = "openings.jsonl"
LABELS = "test_labels.arrow"
COLUMNS = ["contender", "seed", "trial", "example", "score"]


def open_scores(plan: Plan, folder: Path, jobs: Sequence[Job], *, purpose: str) -> pd.DataFrame:
    """The scores of the given trials; those that were not opened before are opened now (rules 8 and 19).

    Args:
        plan: the bakeoff's.
        folder: the bakeoff's.
        jobs: finished or failed trials.
        purpose: ``verdict`` or ``look``, for the record.

    Returns:
        One row per trial and example, of the bakeoff's trials up to now.

    Raises:
        CheckpointError: sealed predictions are not what the trial wrote.
    """
    table = read_scores(folder)
    known = set() if table is None else set(table[["contender", "trial"]].drop_duplicates().itertuples(index=False))
    numbers = trial_numbers(plan, folder)
    closed = [job for job in jobs if (job.label.contender, numbers[job.label.trial_id]) not in known]
    if not closed:
        assert table is not None
        return table
    opened = _open(plan, closed, numbers)
    table = opened if table is None else pd.concat([table, opened], ignore_index=True)
    table = table.astype({"contender": "category", "example": "category"})
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    _write_labels(plan, folder)
    seeds = len({numbers[job.label.trial_id] for job in jobs})
    _note(folder, plan, content.getvalue(), purpose=purpose, trials=len(closed), seeds=seeds)
    with atomic_writer(folder / SCORES) as file:
        file.write(content.getvalue())
    return table


def read_scores(folder: Path) -> pd.DataFrame | None:
    """What has been opened so far."""
    path = folder / SCORES
    return pd.read_parquet(path) if path.exists() else None


def trial_numbers(plan: Plan, folder: Path) -> dict[str, int]:
    """The number of each trial within its contender, by trial id."""
    return {
        plan.job(contender, point, folder).label.trial_id: point.trial
        for contender in plan.contenders
        for point in contender.points
    }


def _open(plan: Plan, jobs: Sequence[Job], numbers: dict[str, int]) -> pd.DataFrame:
    test = plan.data.cases("test")
    labels, examples = test.labels, test.names
    task, metric = make_task(plan.config, plan.data.spec), plan.config["task"]["metric"]
    trivial = task.trivial(plan.data.cases("train"), test.raw)
    parts = []
    for job in jobs:
        result = read_json(job.folder / "result.json")
        predictions = sealed_answers(job.folder, result) if result["status"] == "finished" else trivial
        write_json(job.folder / "test_metrics.json", task.summarise(predictions, labels))
        row = {"contender": job.label.contender, "seed": result["seed"], "trial": numbers[job.label.trial_id]}
        scores = task.score_examples(predictions, labels, metric)
        parts.append(pd.DataFrame({**row, "example": examples, "score": scores})[COLUMNS])
    return pd.concat(parts, ignore_index=True)


def _write_labels(plan: Plan, folder: Path) -> None:
    """Lays the opened labels beside the verdict, for the report and for audits."""
    with atomic_writer(folder / LABELS) as file:
        file.write(to_bytes(plan.data.labels("test")))
    write_json(folder / "test_examples.json", plan.data.examples("test"))


def _note(folder: Path, plan: Plan, scores: bytes, **what: Any) -> None:
    """Adds a line to the record of openings, unless it knows of these scores."""
    path, digest = folder / OPENINGS, hashlib.sha256(scores).hexdigest()
    lines = [line for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []
    if any(digest in line for line in lines):
        return
    record = {"time": time.time(), "bakeoff_id": plan.bakeoff_id, **what, "scores_sha256": digest}
    with atomic_writer(path) as file:
        file.write("".join(f"{line}\n" for line in [*lines, json.dumps(record)]).encode())
