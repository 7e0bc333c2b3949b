"""What is asked of each contender's first trained network once all trials are done: how fast it answers, and what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from bakeoff.comparison.guards import settled
from bakeoff.comparison.judging.derivation import Evidence
from bakeoff.comparison.judging.scoring import ScoredTrial
from bakeoff.data.contract import TaskData
from bakeoff.data.spec import Spec
from bakeoff.files import write_json
from bakeoff.record.layout import EXHIBITS, WEIGHTS
from bakeoff.record.model_files import check_model_files
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import SCHEMA_VERSION
from bakeoff.record.trials import RecordedTrial
from bakeoff.tasks.contract import Sealed, Task
from bakeoff.training.loop.checkpoints import load_weights
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.latency import BATCH_SIZES, latencies_ms
from bakeoff.training.trial.predictions import sealed_answers

TRIES = 3
"""Latencies that do not settle are measured again."""
EXAMPLES = 2
"""Test inputs that are shown with their answers."""
WORST = 2
"""Test inputs that contenders did worst on, which are shown too, and the middle one."""
OVERVIEW_TRIALS = 10
"""The most trials of a contender whose answers to the whole test are gone through for the report."""


def first_networks(trials: Sequence[ScoredTrial], spec: Spec) -> Iterator[tuple[str, RecordedTrial, nn.Module]]:
    """Each contender's first finished trial and its network, baselines included; none for what is no network."""
    seen = set()
    for trial in trials:
        raw = trial.recorded.config
        if trial.failed or trial.contender in seen or raw is None or (config := TrialConfig.of(raw)).is_fitted:
            continue
        seen.add(trial.contender)
        torch.set_num_threads(config.trainer.threads)
        net = config.network(spec)
        check_model_files(trial.recorded.folder, trial.recorded.model_sha256)
        load_weights(net, trial.recorded.folder / WEIGHTS)
        yield trial.contender, trial.recorded, net.eval()


def contender_latencies(
    trials: Sequence[ScoredTrial], spec: Spec, task: Task[Any]
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds a call by contender and batch size, one figure a repeat, taking turns on this machine (rule 21).

    Repeats that spread by more than 10 % are rejected and measured again; what does not settle is left out.
    """
    networks = {name: net for name, _, net in first_networks(trials, spec)}
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(TRIES):
        left = {name: net for name, net in networks.items() if len(found.get(name, {})) < len(BATCH_SIZES)}
        for name, sizes in latencies_ms(left, spec.example_inputs, answer=task.answer).items():
            found.setdefault(name, {}).update({size: values for size, values in sizes.items() if settled(values)})
    return found


def medians(repeats: Mapping[str, list[float]]) -> dict[str, Any]:
    """What a row of the leaderboard says of a contender's latencies."""
    middle = {size: float(np.median(values)) for size, values in repeats.items()}
    return {"latency_ms": middle, "latency_repeats_ms": dict(repeats)}


def write_exhibits(evidence: Evidence, data: TaskData, task: Task[Any]) -> None:
    """Writes ``exhibits.json``: a list for each of its ``contenders``, and an ``overview``, where there are any."""
    bakeoff, trials = evidence.bakeoff, evidence.trials
    shown = _shown(evidence, data, task)
    sealed = {contender.name: _sealed(bakeoff.plan, trials, contender.name) for contender in bakeoff.plan.contenders}
    overview = [exhibit.to_dict() for exhibit in task.overview(sealed, data.labels("test"))]
    if any(shown.values()) or overview:
        found = {"contenders": shown, "overview": overview}
        write_json(bakeoff.path / EXHIBITS, {"schema_version": SCHEMA_VERSION, **found})


def _sealed(plan: RecordedPlan, trials: Sequence[ScoredTrial], name: str) -> Iterator[Sealed]:
    """What a contender's trials answered; of a search, those that are best by validation, and never more than a few."""
    own = [trial.recorded for trial in trials if trial.contender == name and not trial.failed]
    if plan.num_tuning:
        own.sort(key=lambda trial: -plan.aim.sign * trial.validation[plan.metric])
        own = own[: max(len(own) // 4, 1)]
    for recorded in own[:OVERVIEW_TRIALS]:
        yield Sealed(sealed_answers(recorded.folder, recorded.raw), recorded.raw.get("settled") or {})


def _shown(evidence: Evidence, data: TaskData, task: Task[Any]) -> dict[str, list[dict[str, Any]]]:
    """What the first trial of each contender answered to the first test examples, and to telling ones."""
    if type(task).exhibits is Task.exhibits:  # so that no input is read for it
        return {}
    every = data.cases("test")
    telling = {place: words for place, words in telling_examples(evidence, every.names).items() if place >= EXAMPLES}
    shown = {}
    for name, recorded, net in first_networks(evidence.trials, data.spec):
        answers = sealed_answers(recorded.folder, recorded.raw)
        exhibits = task.exhibits(net, every.first(EXAMPLES), answers.slice(0, EXAMPLES))
        for position, words in telling.items():
            own = task.exhibits(net, every.at([position]), answers.slice(position, 1))
            exhibits += [replace(exhibit, title=f"{every.names[position]}: {words}") for exhibit in own]
        shown[name] = [exhibit.to_dict() for exhibit in exhibits]
    return shown


def telling_examples(evidence: Evidence, examples: Sequence[str]) -> dict[int, str]:
    """The places of the worst test examples and of the middle one, by mean score of all contenders, and what they are.

    Args:
        evidence: with the opened scores.
        examples: names of the test's, in their order.
    """
    plan, scores = evidence.bakeoff.plan, evidence.scores
    entered = scores[scores["contender"].isin([contender.name for contender in plan.entered])]
    means = entered.groupby("example")["score"].mean()
    order = np.argsort(plan.aim.sign * means.loc[list(examples)].to_numpy(), kind="stable")
    found = {int(order[len(order) // 2]): "the middle one by mean score"}
    for rank, position in enumerate(order[:WORST].tolist(), start=1):
        found.setdefault(position, "the worst by mean score" if rank == 1 else f"the {rank}nd worst by mean score")
    return found
