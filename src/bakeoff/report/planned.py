"""What a bakeoff fixed before its first trial (``plan.json``), as typed records.

Every record is made by ``from_dict`` from plain JSON. Keys that a later schema adds are ignored and keys that are
missing become ``None`` or empty, because a report of half the facts is worth more than a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from bakeoff.errors import ConfigError
from bakeoff.metrics import MetricFacts
from bakeoff.record.metric_facts import declared_facts
from bakeoff.statistics import declare_looks

Record = TypeVar("Record")

DEFAULT_MARGIN_FRACTION = 0.1
"""STATISTICS.md, rule 17."""


def known(kind: type[Record], mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of ``mapping`` that are fields of the dataclass ``kind``."""
    names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]  # every caller passes a dataclass
    return {name: mapping[name] for name in names if name in mapping}


@dataclass(frozen=True)
class Contender:
    """A planned contender or baseline; ``trials`` are in the order of the plan's seeds, or of its ``points``."""

    name: str = ""
    model: str = ""
    family: str = "baseline"
    role: str = "contender"
    params: int | None = None
    non_embedding_params: int | None = None
    train_flops_per_example: float | None = None
    size_args: Mapping[str, Any] = field(default_factory=dict)
    relative_error: float | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    points: tuple[Mapping[str, Any], ...] = ()
    trials: tuple[str, ...] = ()

    @property
    def is_baseline(self) -> bool:
        """Whether it is there to compare against, not to win."""
        return self.role == "baseline"


@dataclass(frozen=True)
class Plan:
    """What was fixed before the first trial (``plan.json``)."""

    bakeoff_id: str = ""
    created: str = ""
    task: str = ""
    metric: str = "accuracy"
    direction: str = "maximize"
    facts: tuple[MetricFacts, ...] = ()
    data: str = ""
    fingerprint: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    tune: Mapping[str, Any] = field(default_factory=dict)
    looks: tuple[int, ...] = ()
    look_levels: tuple[float, ...] = ()
    paired: bool = False
    exploratory: bool = False
    margin_fraction: float | None = None
    alpha: float = 0.05
    contenders: tuple[Contender, ...] = ()
    held_equal: tuple[Mapping[str, Any], ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Plan:
        """Read the JSON of ``plan.json``."""
        task, data = raw.get("task") or {}, raw.get("data") or {}
        named = {"task": task.get("name", ""), "data": data.get("name", ""), "fingerprint": data.get("fingerprint", "")}
        named |= {key: task[key] for key in ("metric", "direction") if key in task}
        named |= {"facts": declared_facts(raw)}
        named |= {"spec": data.get("spec") or {}, "margin_fraction": _fraction(raw.get("margin"))}
        named |= {"command": raw.get("command") or "", "tune": raw.get("tune") or {}}
        contenders = tuple(
            Contender(**{**known(Contender, row), "trials": rows(row, "trials"), "points": rows(row, "points")})
            for row in raw.get("contenders", ())
        )
        lists = {key: rows(raw, key) for key in ("seeds", "held_equal")}
        looks = _looks(raw.get("looks"), float(raw.get("alpha", cls.alpha)))
        return cls(**{**known(cls, raw), **named, **lists, **looks, "contenders": contenders})

    @property
    def num_tuning(self) -> int:
        """Trials of each contender's search; 0 where the configurations are fixed."""
        return int(self.tune.get("trials") or 0)

    @property
    def num_runs(self) -> int:
        """Trials planned for each contender."""
        return self.num_tuning or len(self.seeds)

    @property
    def run_word(self) -> str:
        """What tells one run of a contender from another: its ``seed``, or the ``trial`` of its search."""
        return "trial" if self.num_tuning else "seed"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return tuple(str(name) for name in self.spec.get("class_names", ()))


def rows(raw: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """The list under ``key``; a lone text is a list of one, nothing an empty one."""
    value = raw.get(key) or ()
    return (value,) if isinstance(value, str) else tuple(value)


def _looks(looks: Any, alpha: float) -> dict[str, tuple[Any, ...]]:
    """Declared numbers of seeds and the level of each; no levels where they can't be told."""
    if not looks:
        return {"looks": ()}
    seeds = tuple(sorted(int(number) for number in looks))
    try:
        declared = declare_looks(
            {int(k): v for k, v in looks.items()} if isinstance(looks, Mapping) else seeds, alpha=alpha
        )
    except ConfigError:
        return {"looks": seeds}
    return {"looks": declared.seeds, "look_levels": declared.alphas}


def _fraction(margin: Any) -> float | None:
    """Share of the best validation error that the margin was set to; ``None`` where it was given as a number."""
    if margin is None:
        return DEFAULT_MARGIN_FRACTION
    return margin.get("fraction") if isinstance(margin, Mapping) else None
