"""The bakeoff: trials in stages, sealed test scores opened at each, verdict, and what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from bakeoff.comparison.guards import check, refuse, settled
from bakeoff.comparison.judging.illustrations import write_illustrations
from bakeoff.comparison.judging.leaderboard import flops_ratio, indicative, leaderboard
from bakeoff.comparison.judging.opening import open_scores, trial_numbers
from bakeoff.comparison.judging.verdict import Trial, fixed_margin, judge
from bakeoff.comparison.planning.plan import Plan
from bakeoff.comparison.planning.tuning import edges
from bakeoff.comparison.running.job import Executor, Job
from bakeoff.comparison.running.progress import TrialLines
from bakeoff.errors import ConfigError
from bakeoff.files import clear_unfinished, finite, read_json, write_json
from bakeoff.statistics import Verdict
from bakeoff.training.loop.checkpoints import load_weights
from bakeoff.training.trial.assembly import make_task, network, task_class
from bakeoff.training.trial.fitted_trial import is_fitted
from bakeoff.training.trial.latency import latencies_ms

VERDICT_VERSION = 1
FLOPS_RATIO_WORTH_SAYING = 1.5
"""Rule 3: from here on the verdict says that the training FLOPs differ."""
LATENCY_TRIES = 3

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


@dataclass
class _Progress:
    """How far a bakeoff has come."""

    racing: list[str] | None = None
    verdict: Verdict | None = None
    looks: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)


def run_bakeoff(plan: Plan, folder: Path, executor: Executor, say: Say) -> Outcome:
    """Runs what has not been run, opens what has not been opened, and says who wins; writes ``verdict.json``.

    With declared looks, a contender that is beaten at one gets no further trials, and the first look that decides ends
    the bakeoff.

    Raises:
        ConfigError: another process works on this folder.
        TrialsFailed: a guard refuses the comparison, by its name.
    """
    stages: list[int | None] = list(plan.looks.seeds) if plan.looks else [None]
    try:
        with FileLock(folder / ".lock", timeout=0):
            for trial in (folder / "trials").glob("*"):
                clear_unfinished(trial)
            progress = _Progress()
            for stage in stages:
                _run_stage(plan, folder, executor, say, progress, stage)
                if progress.racing is not None and not progress.racing:
                    break
            return _conclude(plan, folder, progress)
    except Timeout as error:
        raise ConfigError(
            "config.folder_busy",
            "output_dir",
            folder,
            "another bakeoff is running there",
            next_step="wait for it, or end it",
        ) from error


def _run_stage(plan: Plan, folder: Path, executor: Executor, say: Say, progress: _Progress, stage: int | None) -> None:
    """The trials up to a look, or all; then the verdict on them."""
    jobs = plan.jobs(folder, first=stage, racing=progress.racing)
    progress.jobs = list({job.label.trial_id: job for job in [*progress.jobs, *jobs]}.values())
    done = sum(job.finished for job in jobs)
    lines = TrialLines(total=len(jobs), done=done, metric=plan.config["task"]["metric"], say=say)
    executor.run(jobs, on_end=lines.ended)
    data = plan.data if progress.verdict is None else None
    refuse(check(folder, data=data, stage=stage), folder)
    margin = fixed_margin(plan, folder, progress.jobs)  # before any test score is known
    table = open_scores(plan, folder, progress.jobs, purpose="verdict" if stage is None else "look")
    numbers = trial_numbers(plan, folder)
    if stage is not None:
        table = table[table["trial"] < stage]
    verdict = judge(plan, folder, table, _trials(progress.jobs, numbers), margin=margin, previous=progress.verdict)
    progress.verdict = verdict
    if stage is not None:
        progress.racing = list(verdict.racing)
        progress.looks.append({"seeds": stage, "verdict": verdict.verdict, "racing": progress.racing})
        say(f"look at {stage} seeds: {verdict.verdict}; {_race(plan, folder, progress)}")


def _race(plan: Plan, folder: Path, progress: _Progress) -> str:
    if progress.racing:
        return f"still racing: {', '.join(progress.racing)}"
    return f"the race is over, {len(plan.jobs(folder)) - len(progress.jobs)} trials saved"


def _trials(jobs: list[Job], numbers: Mapping[str, int]) -> list[Trial]:
    return [
        Trial(
            job,
            read_json(job.folder / "result.json"),
            read_json(job.folder / "test_metrics.json"),
            numbers[job.label.trial_id],
        )
        for job in jobs
    ]


def _conclude(plan: Plan, folder: Path, progress: _Progress) -> Outcome:
    """Everything that the report and the console say beside the verdict."""
    assert progress.verdict is not None
    metric, maximize = plan.config["task"]["metric"], plan.config["task"]["direction"] == "maximize"
    trials = _trials(progress.jobs, trial_numbers(plan, folder))
    latencies = contender_latencies(plan, trials)
    extra = {
        "leaderboard": leaderboard(plan, folder, trials, latencies),
        "trivial": _trivial(plan),
        "trivial_words": task_class(plan.config).trivial_words,
        "failures": [_failure(trial) for trial in trials if trial.failed],
        "flops_ratio": flops_ratio(plan.contenders),
        "indicative": indicative(trials, metric=metric, maximize=maximize),
        "looks": progress.looks,
        "saved_trials": len(plan.jobs(folder)) - len(progress.jobs),
        "edges": _edges(plan, trials) if plan.tuned else [],
    }
    record = progress.verdict.to_dict() | extra | {"schema_version": VERDICT_VERSION}
    record["warnings"] = [*record["warnings"], *_warnings(plan, progress.verdict, extra), *starved(trials)]
    write_json(folder / "verdict.json", finite(record))
    findings = check(folder)
    refuse(findings, folder)
    record["findings"] = [asdict(finding) for finding in findings]
    write_json(folder / "verdict.json", finite(record))
    write_illustrations(plan, folder, trials)
    return Outcome(folder, progress.verdict, record)


def contender_latencies(plan: Plan, trials: list[Trial]) -> dict[str, dict[str, list[float]]]:
    """Milliseconds a call of every contender's first finished trial, taking turns on this machine (rule 21).

    Repeats that spread by more than 10 % are rejected and measured again; what does not settle is left out.
    """
    networks = {}
    for trial in trials:
        if trial.contender not in networks and not trial.failed and not is_fitted(trial.job.config):
            net = network(trial.job.config, plan.data.spec)
            load_weights(net, trial.job.folder / "weights.safetensors")
            networks[trial.contender] = net
    torch.set_num_threads(int(plan.config["trainer"]["threads"]))
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(LATENCY_TRIES):
        left = {name: net for name, net in networks.items() if len(found.get(name, {})) < 2}
        timed = latencies_ms(left, plan.data.spec.example_inputs, answer=make_task(plan.config, plan.data.spec).answer)
        for name, sizes in timed.items():
            found.setdefault(name, {}).update({size: values for size, values in sizes.items() if settled(values)})
    return found


def _edges(plan: Plan, trials: list[Trial]) -> list[dict[str, Any]]:
    metric, sign = plan.config["task"]["metric"], 1.0 if plan.config["task"]["direction"] == "maximize" else -1.0
    validation = {
        contender.name: [
            -np.inf if trial.failed else sign * trial.result["validation"][metric]
            for trial in sorted(trials, key=lambda trial: trial.number)
            if trial.contender == contender.name
        ]
        for contender in plan.entered
    }
    return edges(plan.entered, validation)


def _failure(trial: Trial) -> dict[str, Any]:
    about = {"trial": trial.job.label.trial_id, "contender": trial.contender}
    return about | {name: trial.result[name] for name in ("seed", "status", "why")}


def _trivial(plan: Plan) -> float:
    """What the trivial predictor scores on the test."""
    task = make_task(plan.config, plan.data.spec)
    answers = task.trivial(plan.data.cases("train"), plan.data.raw("test"))
    return task.summarise(answers, plan.data.labels("test"))[plan.config["task"]["metric"]]


def beaten_by_a_baseline(verdict: Verdict, rows: list[dict[str, Any]]) -> list[str]:
    """A sentence where the simplest thing is at least as good as the best contender.

    Args:
        verdict: what a tuned contender is expected to reach; the mean over all its trials is that of no search.
        rows: the leaderboard.
    """
    metric, sign = verdict.metric, 1.0 if verdict.direction == "maximize" else -1.0
    reached = [row["test"][metric]["mean"] for row in rows if row["role"] == "contender"]
    if verdict.kind == "family":
        reached = [row.mean for row in verdict.contenders]
    best = max(sign * mean for mean in reached)
    return [
        f"The baseline {row['name']} reaches {row['test'][metric]['mean']:.4f} in {metric}: no contender does better."
        for row in rows
        if row["role"] == "baseline" and sign * row["test"][metric]["mean"] >= best
    ]


def starved(trials: list[Trial]) -> list[str]:
    """A sentence for each contender that went through its batches in parts because memory ran out."""
    parts: dict[str, list[int]] = {}
    for trial in trials:
        if not trial.failed and trial.result.get("out_of_memory"):
            parts.setdefault(trial.contender, []).append(trial.result["accumulate"])
    return [
        f"Out of memory: {len(counts)} trials of {name} went through each batch in up to {max(counts)} parts, with the "
        "same optimizer steps; statistics of batch normalisation are those of a part."
        for name, counts in parts.items()
    ]


def _warnings(plan: Plan, verdict: Verdict, extra: Mapping[str, Any]) -> list[str]:
    """What weakens the verdict besides its statistics."""
    found = [str(note) for note in plan.data.spec.notes]
    budget = plan.config["budget"]
    if extra["flops_ratio"] > FLOPS_RATIO_WORTH_SAYING and budget["mode"] not in ("flops", "time"):
        found.append(f"Training FLOPs an example differ by {extra['flops_ratio']:.1f} times between contenders.")
    if extra["indicative"]["leader_changes"]:
        found.append("At equal FLOPs or equal time another contender leads on validation (indicative only).")
    off = [contender for contender in plan.entered if abs(contender.relative_error) > budget["tolerance"]]
    if off:
        names = ", ".join(f"{contender.name} {contender.relative_error:+.1%}" for contender in off)
        found.append(f"Outside the budget's tolerance: {names}.")
    if budget["mode"] == "none":
        found.append("Nothing was held equal but the stopping rule (budget=none).")
    found += beaten_by_a_baseline(verdict, extra["leaderboard"])
    found += [
        f"The best trial of {edge['contender']} has {edge['key']} = {edge['value']:.3g}, at the edge of "
        f"{edge['low']:.3g} to {edge['high']:.3g}: a better setting may lie beyond it."
        for edge in extra["edges"]
    ]
    return found
