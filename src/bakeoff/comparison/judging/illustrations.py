"""What each contender's first trial does with a few test inputs, for the report; written after the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bakeoff.comparison.judging.scored import ScoredTrial, finished_by_contender
from bakeoff.data.contract import TaskData
from bakeoff.files import write_json
from bakeoff.record.layout import EXHIBITS, WEIGHTS
from bakeoff.record.reading import SCHEMA_VERSION
from bakeoff.tasks.contract import Task
from bakeoff.training.loop.checkpoints import load_weights
from bakeoff.training.trial.assembly import network
from bakeoff.training.trial.fitted_trial import is_fitted
from bakeoff.training.trial.predictions import sealed_answers

EXAMPLES = 2


def write_illustrations(folder: Path, trials: Sequence[ScoredTrial], data: TaskData, task: Task[Any]) -> None:
    """Writes ``exhibits.json``, a list for each of its ``contenders``, unless the task has nothing to show."""
    if type(task).exhibits is Task.exhibits:  # so that no input is read for it
        return
    shown: dict[str, list[dict[str, Any]]] = {}
    cases = data.cases("test").first(EXAMPLES)
    for name, trial in finished_by_contender(trials).items():
        config = trial.recorded.config
        if config is None or is_fitted(config):
            continue
        net = network(config, data.spec)
        load_weights(net, trial.recorded.folder / WEIGHTS)
        answers = sealed_answers(trial.recorded.folder, trial.recorded.raw).slice(0, EXAMPLES)
        shown[name] = [exhibit.to_dict() for exhibit in task.exhibits(net.eval(), cases, answers)]
    if any(shown.values()):
        write_json(folder / EXHIBITS, {"schema_version": SCHEMA_VERSION, "contenders": shown})
