"""What was decided before the first trial, as ``plan.json`` holds it; and the rules among it that a manifest hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bakeoff.errors import ConfigError
from bakeoff.metrics import MetricFacts, facts_of
from bakeoff.record.contenders import Contender, Point
from bakeoff.record.metric_facts import declared_facts
from bakeoff.record.reading import known, read, require, rows, sha256_of
from bakeoff.record.renamed import in_todays_words
from bakeoff.record.ruling import Claim
from bakeoff.statistics.looks import edition_looks
from bakeoff.statistics.pooled import best_of

DEFAULT_MARGIN_FRACTION = 0.1
"""STATISTICS.md, rule 17."""
RULES = ("alpha", "margin", "looks", "paired", "budget", "tune")
"""Settings of a bakeoff that decide how it is judged; all are part of its manifest."""
LATER_RULES = ("edition", "futility")
"""Those that plans of the protocol's first edition lack."""
CLAIM = "claim"
"""What a publication says of the contenders, in plans of bakeoffs that are to rule on it."""
REQUIRED = ("bakeoff_id", "task", "data", *RULES, "seeds", "exploratory", "contenders", "environment")
"""What a plan must say for its bakeoff to be judged, and each of its tasks, data and contenders."""
REQUIRED_WITHIN = {
    "task": ("name", "metric", "direction"),
    "data": ("name", "fingerprint", "spec"),
    "contenders": ("name", "role", "config", "trials", "points", "train_flops_per_example"),
}


@dataclass(frozen=True)
class PlannedTrial:
    """A trial that a plan names.

    Attributes:
        trial_id: name of its folder.
        contender: whose trial it is.
        role: ``contender`` or ``baseline``.
        point: its number, its seed and, where it was tuned, its searched values.
    """

    trial_id: str
    contender: str
    role: str
    point: Point

    @property
    def number(self) -> int:
        """Which of its contender's trials it is, from 0."""
        return self.point.trial

    @property
    def seed(self) -> int:
        """What it was to be started with."""
        return self.point.seed


@dataclass(frozen=True)
class RecordedPlan:
    """What was fixed before the first trial (``plan.json``)."""

    bakeoff_id: str = ""
    created: str = ""
    task: str = ""
    metric: str = "accuracy"
    direction: str = "maximize"
    facts: tuple[MetricFacts, ...] = ()
    """What the task says of its metrics."""
    data: str = ""
    data_title: str = ""
    """What the user calls the data, such as ``reviews.csv``; its name in plans that did not keep it."""
    fingerprint: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    """Of a bakeoff without tuning, and of the baselines of one with it."""
    tune: Mapping[str, Any] = field(default_factory=dict)
    looks: tuple[int, ...] = ()
    """Declared numbers of seeds, or of trials of a search, at which the test is opened; empty without looks."""
    look_levels: tuple[float, ...] = ()
    """The level of each; empty where they can't be told."""
    paired: bool = False
    exploratory: bool = False
    """Seeds were added that the manifest did not declare."""
    margin: Any = None
    """As it was given; None is a share of the best validation error."""
    alpha: float = 0.05
    edition: int = 1
    """Of the protocol that judges it; plans of the first one do not say so."""
    futility: bool = False
    """Whether it ends where a decision by the last look has become unlikely."""
    claim: Claim | None = None
    """What a publication says of the contenders, where the bakeoff is to rule on it."""
    contenders: tuple[Contender, ...] = ()
    """Baselines included."""
    held_equal: tuple[Mapping[str, Any], ...] = ()
    expected_seconds: float | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The JSON itself."""

    @classmethod
    def read(cls, path: Path) -> RecordedPlan:
        """The plan of a file that a verdict rests on.

        Raises:
            DataError: it can't be read, or lacks something.
        """
        raw = read(path)
        require(raw, REQUIRED, path)
        for key, names in REQUIRED_WITHIN.items():
            for part in raw[key] if isinstance(raw[key], list) else [raw[key]]:
                require(part, names, path)
        return cls.from_dict(raw)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> RecordedPlan:
        """Read the JSON of ``plan.json``, for what is there."""
        task, data = raw.get("task") or {}, raw.get("data") or {}
        named = {"task": task.get("name", ""), "data": data.get("name", ""), "fingerprint": data.get("fingerprint", "")}
        named["data_title"] = data.get("title") or named["data"]
        named |= {key: task[key] for key in ("metric", "direction") if key in task}
        named["facts"] = declared_facts(raw)
        named["claim"] = Claim.from_dict(raw[CLAIM]) if raw.get(CLAIM) else None
        named |= {"spec": data.get("spec") or {}, "command": raw.get("command") or "", "tune": raw.get("tune") or {}}
        contenders = tuple(map(Contender.from_dict, raw.get("contenders") or ()))
        lists = {key: rows(raw, key) for key in ("seeds", "held_equal")}
        looks = _looks(raw.get("looks"), float(raw.get("alpha", cls.alpha)), int(raw.get("edition", cls.edition)))
        return cls(**{**known(cls, raw), **named, **lists, **looks, "contenders": contenders, "raw": raw})

    @property
    def aim(self) -> MetricFacts:
        """What is known of the metric that decides."""
        return facts_of(self.metric, self.facts, direction=self.direction)

    @property
    def bounds(self) -> dict[str, Any]:
        """What the statistics are told of the range of its scores."""
        return {"score_range": self.aim.score_range, "bounded_influence": self.aim.has_bounded_influence}

    @property
    def entered(self) -> list[Contender]:
        """The contenders without the baselines."""
        return [contender for contender in self.contenders if not contender.is_baseline]

    @property
    def num_tuning(self) -> int:
        """Trials of each contender's search; 0 where the configurations are fixed."""
        return int(self.tune.get("trials") or 0)

    @property
    def num_runs(self) -> int:
        """Trials planned for each contender."""
        return self.num_tuning or len(self.seeds)

    @property
    def best_of(self) -> int | None:
        """m of the family claim, the same at all looks; None where the configurations are fixed."""
        if not self.num_tuning:
            return None
        return best_of(self.looks[0] if self.looks else self.num_tuning, self.tune.get("best_of"))

    @property
    def run_word(self) -> str:
        """What tells one run of a contender from another: its ``seed``, or the ``trial`` of its search."""
        return "trial" if self.num_tuning else "seed"

    @property
    def margin_fraction(self) -> float | None:
        """Share of the best validation error that the margin was set to; ``None`` where it was given as a number."""
        if self.margin is None:
            return DEFAULT_MARGIN_FRACTION
        return self.margin.get("fraction") if isinstance(self.margin, Mapping) else None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return tuple(str(name) for name in self.spec.get("class_names", ()))

    @cached_property
    def trial_config(self) -> Mapping[str, Any]:
        """The configuration that tells task and data, which all contenders share."""
        return in_todays_words(self.contenders[0].config)

    @cached_property
    def trials(self) -> tuple[PlannedTrial, ...]:
        """Every trial that the plan names, contender by contender, in the order of its trials."""
        return tuple(trial for contender in self.contenders for trial in self._trials_of(contender))

    def _trials_of(self, contender: Contender) -> list[PlannedTrial]:
        seeds = [seed + contender.seed_offset for seed in self.seeds]
        points = contender.points or [Point(number, seed) for number, seed in enumerate(seeds)]
        pairs = zip(contender.trials, points, strict=False)
        return [PlannedTrial(name, contender.name, contender.role, point) for name, point in pairs]


def rules_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of a manifest as a plan has them; its seeds aside, which may grow (and make a bakeoff exploratory).

    Args:
        plan: the JSON of ``plan.json``.
    """
    task, data = plan["task"], plan["data"]
    return {
        "metric": task["metric"],
        "direction": task["direction"],
        **{name: plan[name] for name in (*RULES, *LATER_RULES, CLAIM) if name in plan},
        "data_fingerprint": data["fingerprint"],
        "contenders": [
            {"name": entry["name"], "role": entry["role"], "config_sha256": sha256_of(entry["config"])}
            for entry in plan["contenders"]
        ],
        "classes": list(data["spec"].get("class_names", ())),
    }


def _looks(looks: Any, alpha: float, edition: int) -> dict[str, tuple[Any, ...]]:
    """Declared numbers of seeds and the level of each; no levels where the scores make them, or they can't be told."""
    if not looks:
        return {"looks": ()}
    if isinstance(looks, Mapping):
        looks = {int(seeds): level for seeds, level in looks.items()}
    elif not isinstance(looks, str):
        looks = tuple(sorted(map(int, looks)))
    try:
        declared = edition_looks(looks, alpha=alpha, edition=edition)
    except ConfigError:
        return {"looks": () if isinstance(looks, str) else tuple(looks)}
    assert declared is not None
    return {"looks": declared.seeds, "look_levels": declared.alphas}
