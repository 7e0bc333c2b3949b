"""The plan of a bakeoff: everything that is decided before the first trial."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bakeoff.comparison.planning.budgets import fit_budget
from bakeoff.comparison.planning.claims import check_claim
from bakeoff.comparison.planning.contenders import enter
from bakeoff.comparison.planning.declared import check_declared
from bakeoff.comparison.planning.held_equal import held_equal
from bakeoff.comparison.planning.rules import (
    check_metric,
    check_selection,
    check_test_examples,
)
from bakeoff.comparison.planning.tuning import draw_points
from bakeoff.comparison.running.job import Job
from bakeoff.config.rules import too_few_seeds
from bakeoff.config.titles import data_title
from bakeoff.data.contract import TaskData
from bakeoff.errors import ConfigError
from bakeoff.record.contenders import Contender, Point
from bakeoff.record.layout import trial_folder
from bakeoff.record.plan import CLAIM, LATER_RULES, RULES
from bakeoff.record.reading import SCHEMA_VERSION, sha256_of
from bakeoff.statistics import EDITION, Looks, can_show_sentence
from bakeoff.statistics.looks import edition_looks
from bakeoff.training.trial.configuration import TrialConfig, trial_id, without_usual
from bakeoff.training.trial.environment import environment
from bakeoff.training.trial.run import TrialLabel

USUAL_SEEDS = 5
TOGETHER = 2
"""Seeds of a contender that come one after the other at the end."""


@dataclass
class Plan:
    """What will be compared, and how."""

    config: dict[str, Any]
    contenders: list[Contender]
    seeds: list[int]
    """Of a bakeoff without tuning, and of the baselines of one with it."""
    data: TaskData
    bakeoff_id: str = ""
    expected_seconds: float | None = None
    edition: int = EDITION
    """Of the protocol that judges it."""
    exploratory: bool = False
    """Seeds were added that the manifest did not declare."""
    environment: dict[str, Any] = field(default_factory=environment)
    _jobs: dict[tuple[Path, str, int, int], Job] = field(default_factory=dict, repr=False)

    @property
    def tuned(self) -> bool:
        """Whether contenders are searched."""
        return int(self.config["tune"]["trials"]) > 0

    @property
    def looks(self) -> Looks | None:
        """The declared looks."""
        declared = self.config["looks"]
        return edition_looks(declared or None, alpha=float(self.config["alpha"]), edition=self.edition)

    @property
    def futility(self) -> bool:
        """Whether it ends where a decision by the last look has become unlikely."""
        return bool(self.config["futility"])

    @property
    def trial(self) -> TrialConfig:
        """A trial's configuration, of which all have the task, the data and the trainer."""
        return TrialConfig.of(self.contenders[0].config)

    @property
    def entered(self) -> list[Contender]:
        """The contenders without the baselines."""
        return [contender for contender in self.contenders if not contender.is_baseline]

    def job(self, contender: Contender, point: Point, folder: Path) -> Job:
        """One of its trials; made once, since its id is a hash of the whole configuration."""
        key = (folder, contender.name, point.trial, point.seed)
        if key not in self._jobs:
            config = contender.trial(point)
            label = TrialLabel(trial_id(config, self.data.fingerprint), contender.name, contender.role, self.bakeoff_id)
            # A search may change the network itself; else the plan has counted the operations for all seeds.
            flops = None if self.tuned else contender.train_flops_per_example
            allowed = list(self.config["allow_code"])
            energy = self.config.get("energy")
            self._jobs[key] = Job(config, trial_folder(folder, label.trial_id), label, allowed, flops, energy)
        return self._jobs[key]

    def jobs(self, folder: Path, *, first: int | None = None, racing: Sequence[str] | None = None) -> list[Job]:
        """Trials in the order in which they run: one of each contender, the costliest first, then the next of each.

        The last `TOGETHER` of each come as one, all of the costliest first: so the last ones to start are short, and
        workers end at about the same time.

        Args:
            folder: the bakeoff's.
            first: only so many of each contender; None is all.
            racing: only these contenders; None is all.
        """
        chosen = [c for c in self.contenders if racing is None or c.name in racing or c.is_baseline]
        chosen.sort(key=lambda contender: contender.train_flops_per_example or 0.0, reverse=True)
        rounds = max(len(contender.points) for contender in chosen) if first is None else first
        numbered = [
            (min(index, rounds - TOGETHER), rank, index)
            for rank, contender in enumerate(chosen)
            for index in range(min(rounds, len(contender.points)))
        ]
        return [self.job(chosen[rank], chosen[rank].points[index], folder) for _, rank, index in sorted(numbered)]

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """What ``plan.json`` holds."""
        task = self.config["task"]
        return {
            "schema_version": SCHEMA_VERSION,
            "bakeoff_id": self.bakeoff_id,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "task": {
                **{name: task[name] for name in ("name", "metric", "direction")},
                "facts": [facts.to_dict() for facts in self.trial.task_class.metrics_declared],
            },
            "data": {
                "name": self.config["data"]["name"],
                "title": data_title(self.config["data"]),
                "fingerprint": self.data.fingerprint,
                "spec": self.data.spec.to_dict(),
            },
            **{name: self.config[name] for name in RULES},
            **({name: getattr(self, name) for name in LATER_RULES} if self.edition > 1 else {}),
            **({CLAIM: claim} if (claim := self.config.get(CLAIM)) else {}),
            "seeds": self.seeds,
            "exploratory": self.exploratory,
            "contenders": [self._contender(contender, folder) for contender in self.contenders],
            "held_equal": held_equal(self.config, self.data, self.seeds),
            "expected_seconds": self.expected_seconds,
            "environment": self.environment,
            "command": self.config.get("command"),
        }

    def _contender(self, contender: Contender, folder: Path) -> dict[str, Any]:
        trials = [self.job(contender, point, folder).label.trial_id for point in contender.points]
        return replace(contender, trials=trials).to_dict(tuned=self.tuned)


def make_plan(config: Mapping[str, Any]) -> Plan:
    """Prepares the data, enters the contenders, fits them to the budget and draws their trials.

    Raises:
        ConfigError: too few seeds or trials, a contender that can't reach the budget, or rules of judging that
            contradict each other.
        DataError: fewer than two test examples.
    """
    looks = check_declared(config)
    usual = looks.seeds[-1] if looks and not int(config["tune"]["trials"]) else USUAL_SEEDS
    seeds = seed_list(usual if config["seeds"] is None else config["seeds"])
    contenders = enter(config, config["contenders"], "contender")
    baselines = enter(config, config["baselines"] or [], "baseline")
    check_claim(config.get(CLAIM), [*contenders, *baselines])
    trial = TrialConfig.of(contenders[0].config)
    check_selection(trial)
    data = trial.open_data(seeds[0])
    check_test_examples(data)
    check_metric(trial, data)
    contenders += baselines
    fit_budget(contenders, config["budget"], data.spec)
    for contender in contenders:
        contender.points = [Point(index, seed + contender.seed_offset) for index, seed in enumerate(seeds)]
    plan = Plan(dict(config), contenders, seeds, data)
    if plan.tuned:
        draw_points(plan.entered, config["tune"])
    plan.bakeoff_id = identity(plan)
    _refuse_twins(plan)
    return plan


def _refuse_twins(plan: Plan) -> None:
    """Two entries that share trials, were it only some, would be compared with themselves."""
    owners: dict[tuple[str, int, str], str] = {}
    for contender in plan.contenders:
        configured = sha256_of(contender.config)
        trials = {(configured, point.seed, json.dumps(point.values, sort_keys=True)) for point in contender.points}
        shared = trials & owners.keys()
        if shared:
            which = "its trials" if len(shared) == len(trials) else f"{len(shared)} of its {len(trials)} trials"
            raise ConfigError(
                "config.same_contender",
                "contenders",
                contender.name,
                f"{which} would be those of {owners[next(iter(shared))]}, to the last bit",
                next_step="leave one out, or give it seed_offset: 1000 for an independent replicate",
            )
        owners |= dict.fromkeys(trials, contender.name)


def seed_list(seeds: int | Sequence[int]) -> list[int]:
    """``5`` is 0 to 4; a list is itself.

    Raises:
        ConfigError: fewer than three, with which nothing can be said of the spread between seeds.
    """
    found = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if (error := too_few_seeds(seeds)) is not None:
        raise error
    return found


def can_show(plan: Plan) -> str | None:
    """What differences a bakeoff of this size shows, a sentence; None where that depends on more than its size."""
    if plan.tuned or plan.trial.facts.score_range != (0.0, 1.0):
        return None
    sizes = {"seeds": len(plan.seeds), "num_examples": plan.data.num_examples("test")}
    return can_show_sentence(**sizes, num_contenders=len(plan.entered), alpha=float(plan.config["alpha"]))


def identity(plan: Plan) -> str:
    """Ten hexadecimal digits of what is compared, on what data, judged how; how often is not part of it."""
    entries = [[c.name, c.role, c.seed_offset, without_usual(c.config)] for c in plan.contenders]
    rules = {name: plan.config[name] for name in RULES}
    text = json.dumps([rules, entries, plan.data.fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
