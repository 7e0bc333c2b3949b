"""The plan of a bakeoff: everything that is decided before the first trial, written down and hashed.

``plan.json`` holds it, and ``manifest.json`` the hash of what the verdict must not change afterwards. The same command
finds the same plan, and goes on where it was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bakeoff.comparison.planning.budgets import fit_budget
from bakeoff.comparison.planning.contenders import enter
from bakeoff.comparison.planning.rules import check_metric, check_pairing, check_selection, check_test_examples
from bakeoff.comparison.planning.tuning import draw_points
from bakeoff.comparison.running.job import Job
from bakeoff.config import build
from bakeoff.data.contract import TaskData
from bakeoff.errors import ConfigError
from bakeoff.files import finite, read_json, write_json
from bakeoff.record.contenders import Contender, Point
from bakeoff.statistics import Looks, Options, declare_looks
from bakeoff.training.trial.assembly import task_class, trial_id
from bakeoff.training.trial.environment import environment
from bakeoff.training.trial.run import TrialLabel

PLAN_VERSION = 1
FEWEST_SEEDS = 3
"""Rule 14: three or four give a provisional table, five a verdict."""
LONGEST_LISTED = 10
"""Seeds in a row that are named one by one."""
COUNTS = ("params", "non_embedding_params", "train_flops_per_example")
RULES = ("alpha", "margin", "looks", "paired", "budget", "tune")
"""Settings of a bakeoff that decide how it is judged; all are part of its manifest."""


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
        return declare_looks(declared, alpha=float(self.config["alpha"])) if declared else None

    @property
    def entered(self) -> list[Contender]:
        """The contenders without the baselines."""
        return [contender for contender in self.contenders if contender.role == "contender"]

    def job(self, contender: Contender, point: Point, folder: Path) -> Job:
        """One of its trials; made once, since its id is a hash of the whole configuration."""
        key = (folder, contender.name, point.trial, point.seed)
        if key not in self._jobs:
            config = contender.trial(point)
            label = TrialLabel(trial_id(config, self.data.fingerprint), contender.name, contender.role, self.bakeoff_id)
            self._jobs[key] = Job(config, folder / "trials" / label.trial_id, label, list(self.config["allow_code"]))
        return self._jobs[key]

    def jobs(self, folder: Path, *, first: int | None = None, racing: Sequence[str] | None = None) -> list[Job]:
        """Trials in the order in which they run: one of each contender after the other.

        Args:
            folder: the bakeoff's.
            first: only so many of each contender; None is all.
            racing: only these contenders; None is all.
        """
        chosen = [c for c in self.contenders if racing is None or c.name in racing or c.role == "baseline"]
        longest = max(len(contender.points) for contender in chosen)
        return [
            self.job(contender, contender.points[index], folder)
            for index in range(longest if first is None else first)
            for contender in chosen
            if index < len(contender.points)
        ]

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """What ``plan.json`` holds."""
        task = self.config["task"]
        return {
            "schema_version": PLAN_VERSION,
            "bakeoff_id": self.bakeoff_id,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "task": {
                **{name: task[name] for name in ("name", "metric", "direction")},
                "facts": [facts.to_dict() for facts in task_class(self.config).metrics_declared],
            },
            "data": {
                "name": self.config["data"]["name"],
                "fingerprint": self.data.fingerprint,
                "spec": self.data.spec.to_dict(),
            },
            **{name: self.config[name] for name in RULES},
            "seeds": self.seeds,
            "exploratory": self.exploratory,
            "contenders": [self._contender(contender, folder) for contender in self.contenders],
            "held_equal": held_equal(self),
            "expected_seconds": self.expected_seconds,
            "environment": self.environment,
            "command": self.config.get("command"),
        }

    def _contender(self, contender: Contender, folder: Path) -> dict[str, Any]:
        names = ("name", "role", "overrides", "seed_offset", "size_args", "relative_error")
        described = {name: getattr(contender, name) for name in (*names, *COUNTS)}
        tuned = self.tuned and contender.role == "contender"
        return {
            **described,
            "model": contender.model,
            "family": contender.family,
            "config": contender.config,
            "search": contender.search if tuned else {},
            "points": [asdict(point) for point in contender.points] if tuned else [],
            "trials": [self.job(contender, point, folder).label.trial_id for point in contender.points],
        }


def make_plan(config: Mapping[str, Any]) -> Plan:
    """Prepares the data, enters the contenders, fits them to the budget and draws their trials.

    Raises:
        ConfigError: fewer than two contenders, too few seeds or trials, a contender that can't reach the budget, or
            rules of judging that contradict each other.
        DataError: fewer than two test examples.
    """
    seeds = seed_list(config["looks"][-1] if config["looks"] else config["seeds"])
    Options(alpha=float(config["alpha"]), margin=config["margin"])  # checks itself
    if config["looks"]:
        declare_looks(config["looks"], alpha=float(config["alpha"]))
    if config["looks"] and int(config["tune"]["trials"]):
        raise ConfigError(
            "config.contradiction", "looks", config["looks"], "looks are of seeds; a tuned bakeoff has one"
        )
    check_selection(config)
    data: TaskData = build(config["data"]["module"], "data.module", seed=seeds[0])
    data.prepare_data()
    data.setup()
    check_test_examples(data)
    check_metric(config, data)
    contenders = enter(config, config["contenders"], "contender")
    if len(contenders) < 2:
        raise ConfigError("config.contenders", "contenders", config["contenders"], "a comparison needs at least two")
    check_pairing(config, contenders)
    contenders += enter(config, config["baselines"], "baseline")
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
    """Ten hexadecimal digits of what is compared, on what data, judged how; how often is not part of it."""
    entries = [[c.name, c.role, c.seed_offset, c.config] for c in plan.contenders]
    rules = {name: plan.config[name] for name in RULES}
    text = json.dumps([rules, entries, plan.data.fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def manifest(plan: Plan) -> dict[str, Any]:
    """What must not change between the first run and the verdict, and its hash."""
    task, spec = plan.config["task"], plan.data.spec
    rules = {
        "metric": task["metric"],
        "direction": task["direction"],
        **{name: plan.config[name] for name in RULES},
        "seeds": plan.seeds,
        "data_fingerprint": plan.data.fingerprint,
        "contenders": [
            {"name": contender.name, "role": contender.role, "config_sha256": sha256_of(contender.config)}
            for contender in plan.contenders
        ],
        "classes": list(getattr(spec, "class_names", ())),
    }
    return {"schema_version": PLAN_VERSION, "sha256": sha256_of(rules), "rules": rules}


def sha256_of(value: Any) -> str:
    """Of the value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def held_equal(plan: Plan) -> list[dict[str, str]]:
    """What was the same for all contenders, in words."""
    config = plan.config
    budget, trainer, data = config["budget"], config["trainer"], config["data"]
    optimizer = {name: value for name, value in config["optimizer"].items() if not name.startswith("_")}
    devices = int(trainer["devices"])
    batch = f"{data['batch_size']} examples" + (f" on each of {devices} devices" if devices > 1 else "")
    tune = (
        f"{config['tune']['trials']} random trials each, over as many settings" if plan.tuned else "none: as configured"
    )
    return [
        {"what": "Budget", "value": budget_in_words(budget, trainer)},
        {"what": "Batches", "value": f"{batch}, in the same order for the same seed"},
        {"what": "Data", "value": f"{data['name']}: one test set; train and validation drawn anew for each seed"},
        {"what": "Tuning", "value": tune},
        {"what": "Seeds", "value": "a fresh one for each trial" if plan.tuned else seeds_in_words(plan.seeds)},
        {"what": "Optimizer", "value": f"{config['optimizer']['_target_'].rsplit('.', 1)[-1]} {_words(optimizer)}"},
        {"what": "Augmentation", "value": _augmentation_in_words(plan)},
        {"what": "Stem and head", "value": "the same on every backbone"},
        {"what": "Selection", "value": f"the {trainer['select']} weights by validation {config['task']['metric']}"},
    ]


def _augmentation_in_words(plan: Plan) -> str:
    augment = plan.config["augment"]
    if not augment or build(augment, "augment").for_data(plan.data.spec) is None:
        return "none"
    return _words({name: value for name, value in augment.items() if name != "_target_" and value})


def seeds_in_words(seeds: Sequence[int]) -> str:
    """``0, 1, 2, 7``; more than ten in a row by their ends, ``0 to 199``."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    parts = [f"{run[0]} to {run[-1]}" if len(run) > LONGEST_LISTED else ", ".join(map(str, run)) for run in runs]
    return ", ".join(parts)


def budget_in_words(budget: Mapping[str, Any], trainer: Mapping[str, Any]) -> str:
    """What the budget holds equal, and when training stops."""
    epochs = int(trainer["max_epochs"])
    stop = f"{epochs} epoch{'s' * (epochs != 1)}" + (f", patience {trainer['patience']}" if trainer["patience"] else "")
    value = budget["value"]
    return {
        "params": f"{value or 0:,} trainable parameters within {budget['tolerance']:.0%}; {stop}",
        "flops": f"training FLOPs: {value or 'what the cheapest contender spends in ' + stop}; sizes as configured",
        "time": f"{value} s of training on this machine; sizes as configured",
        "examples": f"{value or stop} training examples seen; sizes as configured",
        "none": f"nothing but the stopping rule: {stop}; sizes as configured",
    }[budget["mode"]]


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def open_folder(folder: Path, plan: Plan) -> None:
    """Writes the plan and its manifest into a new folder, or finds the same plan there.

    More seeds than the manifest declares may be added; the verdict is then stamped as exploratory.

    Raises:
        ConfigError: the folder holds another bakeoff.
    """
    path = folder / "plan.json"
    if path.exists():
        earlier, declared = read_json(path), read_json(folder / "manifest.json")["rules"]["seeds"]
        continued = plan.seeds[: len(earlier["seeds"])] == earlier["seeds"]
        if earlier["bakeoff_id"] != plan.bakeoff_id or not continued:
            raise ConfigError(
                "config.folder_taken",
                "output_dir",
                folder,
                f"it holds bakeoff {earlier['bakeoff_id']} of {len(earlier['seeds'])} seeds, and this command is "
                f"bakeoff {plan.bakeoff_id} of {len(plan.seeds)}",
                next_step="give another output_dir; a changed setting is another bakeoff",
            )
        plan.exploratory = not set(plan.seeds) <= set(declared)
        if earlier["seeds"] == plan.seeds:
            return
    else:
        write_json(folder / "manifest.json", finite(manifest(plan)))
    write_json(path, finite(plan.to_dict(folder)))
