"""What each contender's first trial does with a few test inputs, for the report; written after the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bakeoff.comparison.judging.verdict import Trial
from bakeoff.comparison.planning.plan import Plan
from bakeoff.files import finite, write_json
from bakeoff.training.loop.checkpoints import load_weights
from bakeoff.training.trial.assembly import make_task, network
from bakeoff.training.trial.fitted_trial import is_fitted
from bakeoff.training.trial.predictions import sealed_answers

FILE = "exhibits.json"
EXAMPLES = 2


def write_illustrations(plan: Plan, folder: Path, trials: Sequence[Trial]) -> None:
    """Writes ``exhibits.json``, a list for each of its ``contenders``, unless the task has nothing to show."""
    spec = plan.data.spec
    task, cases = make_task(plan.config, spec), plan.data.cases("test").first(EXAMPLES)
    shown: dict[str, list[dict[str, Any]]] = {}
    for trial in trials:
        if trial.contender in shown or trial.failed or is_fitted(trial.job.config):
            continue
        net = network(trial.job.config, spec)
        load_weights(net, trial.job.folder / "weights.safetensors")
        answers = sealed_answers(trial.job.folder, trial.result).slice(0, EXAMPLES)
        exhibits = task.exhibits(net.eval(), cases, answers)
        shown[trial.contender] = [exhibit.to_dict() for exhibit in exhibits]
    if any(shown.values()):
        write_json(folder / FILE, finite({"schema_version": 1, "contenders": shown}))
