"""Who competes: a model at its size, and its trials."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Point:
    """One trial of a contender: its number, its fresh seed, and where in the search space it lies."""

    trial: int
    seed: int
    values: dict[str, Any] = field(default_factory=dict)
    """Searched settings by their dotted key in the trial configuration; empty without tuning."""


@dataclass
class Contender:
    """A model entered in the bakeoff, at its size."""

    name: str
    role: str
    config: dict[str, Any]
    """The trial configuration; each trial adds its seed."""
    overrides: dict[str, Any]
    seed_offset: int = 0
    """Added to the bakeoff's seeds: an independent replicate of a model that is entered twice."""
    points: list[Point] = field(default_factory=list)
    """Its trials, in order."""
    size_args: dict[str, Any] = field(default_factory=dict)
    relative_error: float = 0.0
    params: int = 0
    non_embedding_params: int = 0
    train_flops_per_example: float = 0.0

    @property
    def model(self) -> str:
        """The name of its model."""
        return self.config["model"]["name"]

    @property
    def search(self) -> dict[str, Any]:
        """The model's search space: ranges or choices by dotted key."""
        return dict(self.config["model"].get("search") or {})

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

    @property
    def family(self) -> str:
        """``cnn``, ``rnn``, ``transformer`` or ``baseline``."""
        return self.config["model"]["family"]
