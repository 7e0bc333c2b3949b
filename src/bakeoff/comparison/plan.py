"""The plan of a bakeoff: everything that is decided before the first trial, written down and hashed.

``plan.json`` holds it. The same command finds the same plan, and goes on where it was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bakeoff.comparison.contenders import Contender, enter, fit_budget
from bakeoff.comparison.executor import Job
from bakeoff.config import build
from bakeoff.data.images import ImageDataModule
from bakeoff.errors import ConfigError
from bakeoff.files import finite, read_json, write_json
from bakeoff.training.assembly import trial_id
from bakeoff.training.environment import environment
from bakeoff.training.trial import TrialLabel

PLAN_VERSION = 1
FEWEST_SEEDS = 3
"""Rule 14: three or four give a provisional table, five a verdict."""


@dataclass
class Plan:
    """What will be compared, and how."""

    config: dict[str, Any]
    contenders: list[Contender]
    seeds: list[int]
    data: ImageDataModule
    bakeoff_id: str = ""
    expected_seconds: float | None = None
    environment: dict[str, Any] = field(default_factory=environment)

    def job(self, contender: Contender, seed: int, folder: Path) -> Job:
        """One of its trials."""
        config = {**contender.config, "seed": seed}
        label = TrialLabel(trial_id(config, self.data.fingerprint), contender.name, contender.role, self.bakeoff_id)
        return Job(config, folder / "trials" / label.trial_id, label, list(self.config["allow_code"]))

    def jobs(self, folder: Path) -> list[Job]:
        """All trials: seed by seed, so that an interrupted bakeoff has compared every contender."""
        return [self.job(contender, seed, folder) for seed in self.seeds for contender in self.contenders]

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """What ``plan.json`` holds."""
        task = self.config["task"]
        return {
            "schema_version": PLAN_VERSION,
            "bakeoff_id": self.bakeoff_id,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "task": {name: task[name] for name in ("name", "metric", "direction")},
            "data": {
                "name": self.config["data"]["name"],
                "fingerprint": self.data.fingerprint,
                "spec": self.data.spec.to_dict(),
            },
            "budget": self.config["budget"],
            "seeds": self.seeds,
            "margin": self.config["margin"],
            "alpha": self.config["alpha"],
            "contenders": [self._contender(contender, folder) for contender in self.contenders],
            "held_equal": held_equal(self.config, self.seeds),
            "expected_seconds": self.expected_seconds,
            "environment": self.environment,
            "command": self.config.get("command"),
        }

    def _contender(self, contender: Contender, folder: Path) -> dict[str, Any]:
        trials = [self.job(contender, seed, folder).label.trial_id for seed in self.seeds]
        names = ("name", "role", "overrides", "size_args", "relative_error", "params", "non_embedding_params")
        described = {name: getattr(contender, name) for name in (*names, "train_flops_per_example")}
        about = {"model": contender.model, "family": contender.family}
        return {**described, **about, "config": contender.config, "trials": trials}


def make_plan(config: Mapping[str, Any]) -> Plan:
    """Prepares the data, enters the contenders and fits them to the budget.

    Raises:
        ConfigError: fewer than two contenders or seeds, or a contender that can't reach the budget.
    """
    seeds = seed_list(config["seeds"])
    data: ImageDataModule = build(config["data"]["module"], "data.module", seed=seeds[0])
    data.prepare_data()
    data.setup()
    contenders = enter(config, config["contenders"], "contender")
    if len(contenders) < 2:
        raise ConfigError("config.contenders", "contenders", config["contenders"], "a comparison needs at least two")
    contenders += enter(config, config["baselines"], "baseline")
    for contender in contenders:
        fit_budget(contender, config["budget"], data.spec)
    plan = Plan(dict(config), contenders, seeds, data)
    plan.bakeoff_id = identity(plan)
    return plan


def seed_list(seeds: int | Sequence[int]) -> list[int]:
    """``5`` is 0 to 4; a list is itself.

    Raises:
        ConfigError: fewer than three, with which nothing can be said of the spread between seeds.
    """
    found = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if len(found) < FEWEST_SEEDS:
        raise ConfigError(
            "config.too_few_seeds",
            "seeds",
            seeds,
            f"a comparison needs at least {FEWEST_SEEDS} seeds, a verdict 5",
            next_step="seeds=5; for single runs use bakeoff train -m",
        )
    return found


def identity(plan: Plan) -> str:
    """Ten hexadecimal digits of all that the verdict depends on: what is compared, on what data, judged how."""
    rules = {name: plan.config[name] for name in ("alpha", "margin", "budget")}
    entries = [[contender.name, contender.role, contender.config] for contender in plan.contenders]
    text = json.dumps([rules, entries, plan.seeds, plan.data.fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def held_equal(config: Mapping[str, Any], seeds: Sequence[int]) -> list[dict[str, str]]:
    """What was the same for all contenders, in words."""
    budget, trainer = config["budget"], config["trainer"]
    size = (
        f"{budget['value']:,} trainable parameters within {budget['tolerance']:.0%}"
        if budget["mode"] == "params"
        else "not held equal (budget=none)"
    )
    stop = f"{trainer['max_epochs']} epochs" + (f", patience {trainer['patience']}" if trainer["patience"] else "")
    augment = config["augment"] or {}
    active = {name: value for name, value in augment.items() if name != "_target_" and value}
    optimizer = {name: value for name, value in config["optimizer"].items() if not name.startswith("_")}
    return [
        {"what": "Size", "value": size},
        {"what": "Training", "value": f"{stop}, batch size {config['data']['batch_size']}, in the same order per seed"},
        {
            "what": "Data",
            "value": f"{config['data']['name']}: one test set; train and validation drawn anew for each seed",
        },
        {"what": "Seeds", "value": ", ".join(map(str, seeds))},
        {"what": "Optimizer", "value": f"{config['optimizer']['_target_'].rsplit('.', 1)[-1]} {_words(optimizer)}"},
        {"what": "Augmentation", "value": _words(active) or "none"},
        {"what": "Stem and head", "value": "the same head on every backbone"},
        {"what": "Selection", "value": f"the {trainer['select']} weights by validation {config['task']['metric']}"},
    ]


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def open_folder(folder: Path, plan: Plan) -> None:
    """Writes the plan into a new folder, or finds the same plan there.

    Raises:
        ConfigError: the folder holds another bakeoff.
    """
    path = folder / "plan.json"
    if not path.exists():
        write_json(path, finite(plan.to_dict(folder)))
        return
    earlier = read_json(path)["bakeoff_id"]
    if earlier != plan.bakeoff_id:
        raise ConfigError(
            "config.folder_taken",
            "output_dir",
            folder,
            f"it holds bakeoff {earlier}, and this command is bakeoff {plan.bakeoff_id}",
            next_step="give another output_dir; a changed setting is another bakeoff",
        )
