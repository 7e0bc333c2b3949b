"""The bakeoff: plan, trials, sealed test scores, verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from bakeoff.comparison.executor import LocalExecutor
from bakeoff.comparison.leaderboard import flops_ratio, indicative, leaderboard
from bakeoff.comparison.plan import Plan
from bakeoff.comparison.progress import TrialLines
from bakeoff.comparison.scoring import ScoredTrial, score_table, score_trials
from bakeoff.errors import ConfigError
from bakeoff.files import atomic_writer, finite, read_json, write_json
from bakeoff.statistics import Verdict, verdict_from_scores
from bakeoff.training.assembly import network
from bakeoff.training.checkpoints import load_weights
from bakeoff.training.latency import latencies_ms

VERDICT_VERSION = 1
MARGIN_FRACTION = 0.10
"""Rule 17: the smallest difference that matters, as a share of the best validation error."""
FLOPS_RATIO_WORTH_SAYING = 1.5
"""Rule 3: from here on the verdict says that the training FLOPs differ."""

Say = Callable[[str], None]


@dataclass
class Outcome:
    """A finished bakeoff."""

    folder: Path
    verdict: Verdict
    record: dict[str, Any]
    """What ``verdict.json`` holds."""

    @property
    def failures(self) -> int:
        """Trials that were scored as the trivial predictor."""
        return len(self.record["failures"])


def run_trials(plan: Plan, folder: Path, executor: LocalExecutor, say: Say) -> None:
    """Runs every planned trial that has no result yet.

    Raises:
        ConfigError: another process works on this folder.
    """
    jobs = plan.jobs(folder)
    done = sum(job.finished for job in jobs)
    lines = TrialLines(total=len(jobs), done=done, metric=plan.config["task"]["metric"], say=say)
    try:
        with FileLock(folder / ".lock", timeout=0):
            executor.run(jobs, on_end=lines.ended, threads=int(plan.config["trainer"]["threads"]))
    except Timeout as error:
        raise ConfigError(
            "config.folder_busy",
            "output_dir",
            folder,
            "another bakeoff is running there",
            next_step="wait for it, or end it",
        ) from error


def conclude(plan: Plan, folder: Path) -> Outcome:
    """Opens the test scores and draws the verdict; writes ``scores.parquet`` and ``verdict.json``."""
    metric, maximize = plan.config["task"]["metric"], plan.config["task"]["direction"] == "maximize"
    smallest_difference = margin(plan, folder)  # before any test score is known
    scored = score_trials(plan, folder)
    table = score_table(scored, plan.data.examples("test"))
    with atomic_writer(folder / "scores.parquet") as file:
        table.to_parquet(file, index=False)
    entered = [contender.name for contender in plan.contenders if contender.role == "contender"]
    verdict = verdict_from_scores(
        table[table["contender"].isin(entered)],
        metric=metric,
        direction=plan.config["task"]["direction"],
        alpha=float(plan.config["alpha"]),
        margin=smallest_difference or None,
        failed=_failed(scored),
    )
    latencies = contender_latencies(plan, folder)
    rows = leaderboard(plan.contenders, scored, latencies, metric=metric, maximize=maximize)
    extra = {
        "leaderboard": rows,
        "majority": _majority(plan),
        "failures": [_failure(trial) for trial in scored if trial.failed],
        "flops_ratio": flops_ratio(plan.contenders),
        "indicative": indicative(scored, metric=metric, maximize=maximize),
    }
    record = verdict.to_dict() | extra | {"schema_version": VERDICT_VERSION}
    record["warnings"] = [*record["warnings"], *_warnings(plan, extra)]
    write_json(folder / "verdict.json", finite(record))
    return Outcome(folder, verdict, record)


def margin(plan: Plan, folder: Path) -> float:
    """The difference that matters, from validation alone: given, or a tenth of the best contender's error."""
    if plan.config["margin"] is not None:
        return float(plan.config["margin"])
    task = plan.config["task"]
    values: dict[str, list[float]] = {}
    for job in plan.jobs(folder):
        result = read_json(job.folder / "result.json")
        if job.label.role == "contender" and result["status"] == "finished":
            values.setdefault(job.label.contender, []).append(result["validation"][task["metric"]])
    means = [float(np.mean(found)) for found in values.values()]
    errors = [1.0 - mean for mean in means] if task["direction"] == "maximize" else means
    return MARGIN_FRACTION * min(errors, default=0.0)


def contender_latencies(plan: Plan, folder: Path) -> dict[str, dict[str, list[float]]]:
    """Milliseconds a call of every contender's first finished trial, taking turns on this machine (rule 21)."""
    networks = {}
    for contender in plan.contenders:
        for seed in plan.seeds:
            job = plan.job(contender, seed, folder)
            if (job.folder / "weights.safetensors").exists():
                net = network(job.config, plan.data.spec)
                load_weights(net, job.folder / "weights.safetensors")
                networks[contender.name] = net
                break
    torch.set_num_threads(int(plan.config["trainer"]["threads"]))
    return latencies_ms(networks, torch.zeros(plan.data.spec.example_shape))


def _failed(scored: list[ScoredTrial]) -> dict[str, list[str]]:
    failed: dict[str, list[str]] = {}
    for trial in scored:
        if trial.failed and trial.job.label.role == "contender":
            failed.setdefault(trial.job.label.contender, []).append(f"seed {trial.result['seed']}")
    return failed


def _failure(trial: ScoredTrial) -> dict[str, Any]:
    label = trial.job.label
    result = trial.result
    return {"trial": label.trial_id, "contender": label.contender} | {
        name: result[name] for name in ("seed", "status", "why")
    }


def _majority(plan: Plan) -> float:
    """Test accuracy of always answering the most common class of training."""
    train, test = np.asarray(plan.data.labels("train")), np.asarray(plan.data.labels("test"))
    return float(np.mean(test == np.bincount(train).argmax()))


def _warnings(plan: Plan, extra: Mapping[str, Any]) -> list[str]:
    """What weakens the verdict besides its statistics."""
    found = [str(note) for note in plan.data.spec.notes]
    if extra["flops_ratio"] > FLOPS_RATIO_WORTH_SAYING:
        found.append(f"Training FLOPs an example differ by {extra['flops_ratio']:.1f} times between contenders.")
    if extra["indicative"]["leader_changes"]:
        found.append("At equal FLOPs or equal time another contender leads on validation (indicative only).")
    off = [
        c
        for c in plan.contenders
        if c.role == "contender" and abs(c.relative_error) > plan.config["budget"]["tolerance"]
    ]
    if plan.config["budget"]["mode"] == "none":
        found.append("Sizes were not held equal (budget=none).")
    elif off:
        names = ", ".join(f"{contender.name} {contender.relative_error:+.1%}" for contender in off)
        found.append(f"Outside the budget's tolerance: {names}.")
    return found
