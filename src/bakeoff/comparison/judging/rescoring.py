"""The evidence of a verdict again, from the files of a bakeoff's folder: predictions, labels, results and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from bakeoff.comparison.judging.derivation import selected_by
from bakeoff.comparison.judging.earlier import redefined
from bakeoff.comparison.judging.opening import read_labels
from bakeoff.comparison.judging.scoring import ScoredTrial, Scorer, Trivial
from bakeoff.record.answers import read_answers
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import TEST_METRICS, VALIDATION
from bakeoff.record.reading import read
from bakeoff.record.trials import RecordedTrial

Stored = Mapping[tuple[str, int], pd.Series]
"""Scores by contender and trial number, each a series with the examples as its index."""


@dataclass(frozen=True)
class Rescored:
    """A trial with its scores as they follow from its predictions; None where those cannot be read."""

    trial: ScoredTrial
    scores: np.ndarray | None
    redefined: tuple[str, ...] = ()
    """Its metrics that are as stored, since an earlier version defined them otherwise."""


def by_trial(table: pd.DataFrame) -> Stored:
    """The table's scores, a trial each."""
    grouped = table.groupby(["contender", "trial"], observed=True, sort=False)
    return {(str(name), int(trial)): rows.set_index("example")["score"] for (name, trial), rows in grouped}


def rescore(bakeoff: RecordedBakeoff, stored: Stored, *, scorer: Scorer, trivial: Trivial | None) -> list[Rescored]:
    """Every planned trial that was run, scored again from its predictions against the opened labels.

    A failed trial is the trivial predictor, which follows from the train labels; without the data its stored scores are
    taken. Metrics that the task has declared since the plan was made are no part of the bakeoff.
    """
    labels = read_labels(bakeoff.path)
    planned_with = {facts.name for facts in bakeoff.plan.facts}
    later = {facts.name for facts in scorer.task.metrics_declared} - planned_with
    found = []
    for planned, recorded in bakeoff.ran:
        answers = _answers(recorded, len(labels), trivial)
        if answers is not None:
            scores, measured = scorer.scores(answers, labels), scorer.metrics(answers, labels)
            then = redefined(bakeoff.path, recorded.folder, measured)
            test = {name: value for name, value in measured.items() if name not in later} | then
        else:
            then = {}
            known = stored.get((planned.contender, planned.number)) if recorded.failed else None
            scores = np.empty(0) if known is None else known.to_numpy(dtype=np.float64)
            test = read(recorded.folder / TEST_METRICS)
        trial = ScoredTrial(planned, recorded, test)
        found.append(Rescored(trial, scores if len(scores) else None, tuple(then)))
    return found


def selected_again(
    bakeoff: RecordedBakeoff, trials: Sequence[ScoredTrial], trivial: Trivial | None
) -> pd.DataFrame | None:
    """What the trials of a search were selected by; without the data, what is stored of failed ones.

    None without tuning, and where a failed trial's score is not stored either.
    """
    if not bakeoff.plan.num_tuning:
        return None
    if trivial is not None or not any(trial.failed for trial in trials if trial.entered):
        return selected_by(bakeoff, trials, trivial.on_validation if trivial is not None else None)
    path = bakeoff.path / VALIDATION
    stored = pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=["contender", "trial", "score"])
    failed = [trial for trial in trials if trial.entered and trial.failed]
    first = stored[(stored["contender"] == failed[0].contender) & (stored["trial"] == failed[0].number)]["score"]
    return selected_by(bakeoff, trials, float(first.iloc[0])) if len(first) else None


def _answers(recorded: RecordedTrial, num_examples: int, trivial: Trivial | None) -> pa.Table | None:
    """What a trial said; what the trivial predictor says for a failed one; None where neither can be known."""
    if not recorded.failed:
        return _read_answers(recorded.folder)
    if trivial is None or trivial.data.num_examples("test") != num_examples:
        return None
    return trivial.answers


def _read_answers(trial: Path) -> pa.Table | None:
    """Whatever lies there, changed or not: the guard on sealed predictions tells which."""
    try:
        return read_answers(trial)
    except (OSError, ValueError):
        return None
