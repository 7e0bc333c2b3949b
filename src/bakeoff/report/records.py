"""What a bakeoff's folder holds, as typed records: the plan, the verdict and the trials.

Every record is made by ``from_dict`` from plain JSON. Keys that a later schema adds are ignored and keys that are
missing become ``None`` or empty, because a report of half the facts is worth more than a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")

DEFAULT_MARGIN_FRACTION = 0.1
"""STATISTICS.md, rule 17."""


def known(kind: type[Record], mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of ``mapping`` that are fields of the dataclass ``kind``."""
    names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]  # every caller passes a dataclass
    return {name: mapping[name] for name in names if name in mapping}


@dataclass(frozen=True)
class Contender:
    """A planned contender or baseline; ``trials`` are in the order of the plan's seeds."""

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
    data: str = ""
    fingerprint: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
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
        named |= {"spec": data.get("spec") or {}, "margin_fraction": _fraction(raw.get("margin"))}
        contenders = tuple(
            Contender(**{**known(Contender, row), "trials": tuple(row.get("trials", ()))})
            for row in raw.get("contenders", ())
        )
        named |= {"command": raw.get("command") or ""}
        lists = {"contenders": contenders, "seeds": tuple(raw.get("seeds", ())), "held_equal": _rows(raw, "held_equal")}
        return cls(**{**known(cls, raw), **named, **lists})

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return tuple(str(name) for name in self.spec.get("class_names", ()))


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval, and the value of each seed (in the order of the plan's seeds)."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[float, ...] = ()

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Estimate:
        """Read one ``{mean, low, high, values}``."""
        return cls(**{**known(cls, raw), "values": tuple(raw.get("values") or ())})


@dataclass(frozen=True)
class Row:
    """One line of the leaderboard: quality and every cost of a contender or baseline, means over seeds."""

    name: str = ""
    family: str = "baseline"
    role: str = "contender"
    params: int | None = None
    non_embedding_params: int | None = None
    train_flops: float | None = None
    train_seconds: float | None = None
    examples_seen: float | None = None
    examples_per_second: float | None = None
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    failures: int = 0
    test: Mapping[str, Estimate] = field(default_factory=dict)
    validation: Mapping[str, Estimate] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Row:
        """Read one entry of ``verdict.json``'s leaderboard."""
        quality = {
            split: {metric: Estimate.from_dict(value) for metric, value in (raw.get(split) or {}).items()}
            for split in ("test", "validation")
        }
        return cls(**{**known(cls, raw), "latency_ms": raw.get("latency_ms") or {}, **quality})

    @property
    def is_baseline(self) -> bool:
        """Whether it is there to compare against, not to win."""
        return self.role == "baseline"


@dataclass(frozen=True)
class Pair:
    """One comparison: mean score of ``a`` minus that of ``b``, its interval at ``level``, and where the doubt is from.

    ``v_a``, ``v_b`` are the variances of the two means over seeds, ``vex`` that over test examples and ``c`` the part
    counted twice (STATISTICS.md, rule 12).
    """

    a: str = ""
    b: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    level: float = 0.05
    df: float | None = None
    v_a: float | None = None
    v_b: float | None = None
    vex: float | None = None
    c: float | None = None
    verdict: str | None = None

    @property
    def is_decided(self) -> bool:
        """Whether the interval lies wholly on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def seen_from(self, name: str) -> Pair:
        """The same pair with ``name`` first, signs turned where needed."""
        if self.a == name:
            return self
        low, high = (None if bound is None else -bound for bound in (self.high, self.low))
        difference = None if self.difference is None else -self.difference
        turned = {"a": self.b, "b": self.a, "difference": difference, "low": low, "high": high}
        return Pair(**{**vars(self), **turned, "v_a": self.v_b, "v_b": self.v_a})


@dataclass(frozen=True)
class Verdict:
    """The conclusion (``verdict.json``)."""

    verdict: str = "NOT_ENOUGH_EVIDENCE"
    winner: str | None = None
    equivalent: tuple[str, ...] = ()
    sentence: str = ""
    claim: str = ""
    provisional: bool = False
    margin: float | None = None
    advice: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    contenders: tuple[Mapping[str, Any], ...] = ()
    leaderboard: tuple[Row, ...] = ()
    majority: float | None = None
    failures: tuple[Mapping[str, Any], ...] = ()
    flops_ratio: float | None = None
    indicative: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Verdict:
        """Read the JSON of ``verdict.json``."""
        pairs = tuple(Pair(**known(Pair, pair)) for pair in raw.get("pairs", ()))
        board = tuple(Row.from_dict(row) for row in raw.get("leaderboard", ()))
        plain = {key: _rows(raw, key) for key in ("contenders", "equivalent", "failures", "warnings")}
        plain["advice"] = _advice(raw.get("advice"))
        typed = {"pairs": pairs, "leaderboard": board, "indicative": raw.get("indicative") or {}}
        return cls(**{**known(cls, raw), **typed, **plain})

    @property
    def leader(self) -> str | None:
        """The winner, or else the contender with the best rank."""
        ranked = sorted(self.contenders, key=lambda row: row.get("rank") or len(self.contenders) + 1)
        return self.winner or (ranked[0]["name"] if ranked else None)


@dataclass(frozen=True)
class Trial:
    """One recorded trial (``result.json``) and the folder that holds it."""

    folder: Path
    contender: str
    seed: int | None = None
    status: str = "missing"
    train_seconds: float | None = None


def _rows(raw: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    value = raw.get(key) or ()
    return (value,) if isinstance(value, str) else tuple(value)


def _advice(value: Any) -> tuple[str, ...]:
    """Sentences, whether one text, several, or a mapping with its numbers and a ``text``."""
    if isinstance(value, Mapping):
        value = value.get("text")
    return (value,) if isinstance(value, str) and value else tuple(value or ())


def _fraction(margin: Any) -> float | None:
    """Share of the best validation error that the margin was set to; ``None`` where it was given as a number."""
    if margin is None:
        return DEFAULT_MARGIN_FRACTION
    return margin.get("fraction") if isinstance(margin, Mapping) else None
