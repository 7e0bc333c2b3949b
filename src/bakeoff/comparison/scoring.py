"""The scorer: the only code of a bakeoff that sees a test label, once, after the last trial."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bakeoff.comparison.executor import Job
from bakeoff.comparison.plan import Plan
from bakeoff.files import atomic_writer, read_json, write_json
from bakeoff.training.assembly import task_class
from bakeoff.training.predictions import read_predictions


@dataclass
class ScoredTrial:
    """A trial with its result and what the test set says of it."""

    job: Job
    result: dict[str, Any]
    scores: np.ndarray | None
    """Per example, in the metric's own direction; None where the metric is no mean over examples."""
    test: dict[str, float]

    @property
    def failed(self) -> bool:
        """Whether it was scored as the trivial predictor."""
        return self.result["status"] != "finished"


def score_trials(plan: Plan, folder: Path) -> list[ScoredTrial]:
    """Opens the sealed predictions of every trial against the test labels (rules 8 and 19)."""
    labels = np.asarray(plan.data.labels("test"))
    _write_labels(folder, labels, plan.data.examples("test"))
    task = task_class(plan.config)
    trivial = task.trivial_predictions(np.asarray(plan.data.labels("train")), len(labels), plan.data.spec.num_classes)
    scored = []
    for job in plan.jobs(folder):
        result = read_json(job.folder / "result.json")
        predictions = read_predictions(job.folder, result) if result["status"] == "finished" else trivial
        scores = task.score_examples(predictions, labels, plan.config["task"]["metric"])
        test = task.summarise(predictions, labels)
        write_json(job.folder / "test_metrics.json", test)
        scored.append(ScoredTrial(job, result, scores, test))
    return scored


def score_table(scored: list[ScoredTrial], examples: list[str]) -> pd.DataFrame:
    """One row per contender, seed and example: ``contender, seed, example, score``."""
    parts = [
        pd.DataFrame(
            {
                "contender": trial.job.label.contender,
                "seed": trial.result["seed"],
                "example": examples,
                "score": trial.scores,
            }
        )
        for trial in scored
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.astype({"contender": "category", "example": "category"})


def _write_labels(folder: Path, labels: np.ndarray, examples: list[str]) -> None:
    """Lays the opened labels beside the verdict, for the report and for audits."""
    with atomic_writer(folder / "test_labels.npy") as file:
        np.save(file, labels, allow_pickle=False)
    write_json(folder / "test_examples.json", examples)
