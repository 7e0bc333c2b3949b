"""A bakeoff of any number of trials as the pipeline leaves it; nothing is trained, only the trials' answers are made.

Plan, manifest, configurations, ids, specs, sealed predictions, opened scores, verdict and guards are those of the code;
a trial's answers come from a difficulty of each test example that all contenders share, a skill and a seed's luck.

python -m tests.comparison.large_bakeoff FOLDER [SEEDS] [OVERRIDE ...]      200 seeds of 5 entries: 1,000 trials
python -m tests.comparison.large_bakeoff FOLDER SEEDS --only trials         without the verdict
python -m tests.comparison.large_bakeoff FOLDER SEEDS --only verdict        on the trials that lie there
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file

from bakeoff.comparison.judging.conclusion import FinishedBakeoff
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import Plan, make_plan
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.job import Job
from bakeoff.tables import table_of
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.predictions import seal_answers
from tests.comparison.bakeoff_config import small_bakeoff
from tests.values import values

ENTRIES = (
    "contenders=[lenet,row_gru,{model: mlp, name: dense},{model: mlp, name: small, width: 0.1}]",
    "baselines=[linear]",
    "budget=none",
    "data.split.test=0.6",
)
"""Five entries, and about 1,070 test examples."""
EPOCHS = 20
SKILLS = (2.9, 2.7, 2.66, 2.2, 1.6)
"""Mean lead of the right class in logits, by entry in the order of the plan."""


class NothingToRun:
    """An executor for trials that all have a result."""

    def run(self, jobs: Sequence[Job], *, on_end: Callable[..., None], on_wait: Callable[..., None]) -> None:
        """Makes sure of that."""
        assert all(job.finished for job in jobs)


def make_large_bakeoff(folder: Path, *, seeds: int, overrides: Sequence[str] = ()) -> FinishedBakeoff:
    """A bakeoff of ``seeds`` trials of each of five entries, from plan to verdict.

    Args:
        folder: to write it into.
        seeds: of each entry.
        overrides: of the configuration; ``tune.trials=200`` makes trials of a search.
    """
    plan = make_large_plan(seeds, overrides)
    open_folder(folder, plan)
    write_trials(plan, folder)
    return judge_trials(folder, plan)


def make_large_plan(seeds: int, overrides: Sequence[str] = ()) -> Plan:
    """That of ``seeds`` trials of each entry."""
    return make_plan(small_bakeoff(*ENTRIES, f"seeds={seeds}", *overrides))


def judge_trials(folder: Path, plan: Plan) -> FinishedBakeoff:
    """The verdict on trials that lie there."""
    return run_bakeoff(plan, folder, NothingToRun(), lambda line: None)


def write_trials(plan: Plan, folder: Path) -> None:
    """Every trial of the plan, finished."""
    rng = np.random.default_rng(0)
    labels = values(plan.data.labels("test"))
    difficulty = rng.normal(0, 1.2, len(labels))
    skills = {contender.name: SKILLS[index] for index, contender in enumerate(plan.contenders)}
    specs: dict[int, dict[str, Any]] = {}
    for job in plan.jobs(folder):
        seed = job.config["seed"]
        if seed not in specs:
            plan.data.seed = seed
            specs[seed] = plan.data.spec.to_dict()
        skill = skills[job.label.contender] + rng.normal(0, 0.15) - difficulty
        _write_trial(job, _answers(labels, skill, len(plan.data.spec.class_names), rng), labels, specs[seed], plan)
    plan.data.seed = plan.seeds[0]
    for contender in plan.contenders:
        job = plan.job(contender, contender.points[0], folder)
        save_file(TrialConfig.of(job.config).network(plan.data.spec).state_dict(), job.folder / "weights.safetensors")


def _answers(labels: np.ndarray, skill: np.ndarray, num_classes: int, rng: np.random.Generator) -> np.ndarray:
    """Class probabilities, float32 (examples, classes); ``skill`` is the lead of the right class."""
    logits = rng.normal(0, 1, (len(labels), num_classes))
    logits[np.arange(len(labels)), labels] += skill
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def _write_trial(job: Job, answers: np.ndarray, labels: np.ndarray, spec: dict[str, Any], plan: Plan) -> None:
    job.folder.mkdir(parents=True)
    config, label = job.config, job.label
    about = {"trial_id": label.trial_id, "contender": label.contender, "role": label.role}
    about |= {"bakeoff_id": label.bakeoff_id, "model": config["model"]["name"], "family": config["model"]["family"]}
    about |= {"seed": config["seed"]}
    reached = (
        TrialConfig.of(config)
        .make_task(plan.data.spec)
        .summarise(table_of(probabilities=answers), table_of(label=labels))
    )
    records = list(_records(reached, spec["num_train"]))
    result = {"result_version": 1, **about, "status": "finished", "why": None, "params": 10_000}
    result |= {"train_flops": 1e10, "train_seconds": 4.0, "examples_seen": EPOCHS * spec["num_train"]}
    result |= {"examples_per_second": 2e3, "epochs": EPOCHS, "selected_epoch": EPOCHS - 1, "gradients": None}
    result |= {"validation": {name: min(value * 1.01, 1.0) for name, value in reached.items()}}
    result |= {"test_predictions_sha256": seal_answers(table_of(probabilities=answers), job.folder)}
    result |= {"data_fingerprint": plan.data.fingerprint, "started": 1.7e9, "wall_seconds": 5.0}
    result |= {"peak_memory_mb": 300.0}
    names = {"task": config["task"]["name"], "data": config["data"]["name"]}
    files = {"config.json": config, "run.json": about | names | {"started": 1.7e9}, "spec.json": spec}
    for name, value in (files | {"result.json": result}).items():
        (job.folder / name).write_text(json.dumps(value, indent=1))
    (job.folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


def _records(reached: dict[str, float], num_train: int) -> Any:
    """A training and a validation record an epoch, ever nearer to what is reached."""
    for epoch in range(EPOCHS):
        share = 1 - 0.6 ** (epoch + 1)
        seen = (epoch + 1) * num_train
        about = {"step": 10 * (epoch + 1), "epoch": epoch, "examples_seen": seen, "flops": 1e6 * seen}
        about |= {"seconds": 0.2 * (epoch + 1), "time": 1.7e9 + epoch}
        yield {"kind": "train", **about, "train/loss": 2.3 - 2 * share, "train/accuracy": share, "lr": 1e-3}
        values = {f"val/{name}": value * share for name, value in reached.items()}
        yield {"kind": "val", **about, **values, "val/loss": 2.3 - 2 * share}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("seeds", type=int, nargs="?", default=200)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--only", choices=("trials", "verdict"))
    words = parser.parse_args()
    made = make_large_plan(words.seeds, words.overrides)
    if words.only != "verdict":
        open_folder(words.folder, made)
        write_trials(made, words.folder)
    if words.only != "trials":
        print(judge_trials(words.folder, made).record["sentence"])
