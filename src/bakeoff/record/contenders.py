"""Who competes: a model at its size, and its trials."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bakeoff.record.reading import known, rows


@dataclass(frozen=True)
class Point:
    """One trial of a contender: its number, its fresh seed, and where in the search space it lies."""

    trial: int
    seed: int
    values: dict[str, Any] = field(default_factory=dict)
    """Searched settings by their dotted key in the trial configuration; empty without tuning."""


@dataclass
class Contender:
    """A model entered in the bakeoff, at its size; an entry of ``plan.json``."""

    name: str = ""
    role: str = "contender"
    """``contender``, or ``baseline``: there to compare against, not to win."""
    model: str = ""
    family: str = "baseline"
    """``cnn``, ``rnn``, ``transformer`` or ``baseline``."""
    config: dict[str, Any] = field(default_factory=dict)
    """The trial configuration; each trial adds its seed."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """What its entry changes."""
    seed_offset: int = 0
    """Added to the bakeoff's seeds: an independent replicate of a model that is entered twice."""
    size_args: dict[str, Any] = field(default_factory=dict)
    """Arguments of the model that the budget set."""
    relative_error: float | None = None
    """How far it is off the budget."""
    params: int | None = None
    non_embedding_params: int | None = None
    train_flops_per_example: float | None = None
    search: dict[str, Any] = field(default_factory=dict)
    """The model's search space: ranges or choices by dotted key; in a plan, of tuned contenders only."""
    sampler: str | None = None
    """What drew the points, where it is not the plan's own."""
    points: list[Point] = field(default_factory=list)
    """Its trials, in order; in a plan, of tuned contenders only, since others' follow from the seeds."""
    trials: list[str] = field(default_factory=list)
    """Their ids."""

    @classmethod
    def of(cls, name: str, role: str, config: dict[str, Any], **more: Any) -> Contender:
        """A contender by its trial configuration, which says of what model and family it is and what may be searched.

        Args:
            name: unique in its bakeoff.
            role: ``contender`` or ``baseline``.
            config: the trial configuration.
            **more: further fields.
        """
        model = config["model"]
        search = dict(model.get("search") or {})
        return cls(name, role, model["name"], model["family"], config, search=search, relative_error=0.0, **more)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Contender:
        """Read an entry of ``plan.json``; points without a seed are no trials."""
        points = [
            Point(int(point.get("trial", number)), int(point["seed"]), dict(point.get("values") or {}))
            for number, point in enumerate(rows(raw, "points"))
            if point.get("seed") is not None
        ]
        mappings = {key: dict(raw.get(key) or {}) for key in ("config", "overrides", "size_args", "search")}
        return cls(**{**known(cls, raw), **mappings, "points": points, "trials": list(rows(raw, "trials"))})

    def to_dict(self, *, tuned: bool) -> dict[str, Any]:
        """The entry of ``plan.json``.

        Args:
            tuned: whether the bakeoff searches for settings.
        """
        plain = {name: value for name, value in asdict(self).items() if name != "sampler"}
        return plain if tuned and not self.is_baseline else plain | {"search": {}, "points": []}

    @property
    def is_baseline(self) -> bool:
        """Whether it is there to compare against, not to win."""
        return self.role == "baseline"

    def trial(self, point: Point) -> dict[str, Any]:
        """The full configuration of one of its trials."""
        config = copy.deepcopy(self.config)
        config["seed"] = point.seed
        for key, value in point.values.items():
            *sections, name = key.split(".")
            section = config
            for part in sections:
                section = section[part]
            section[name] = value
        return config
