"""Who competes: the entries of ``contenders`` and ``baselines``, each as a full trial configuration at its size."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bakeoff.config.composition import compose_section
from bakeoff.errors import ConfigError
from bakeoff.training.assembly import trial_config

PER_CONTENDER = ("optimizer", "scheduler")
"""Sections that a contender may change for itself; the others are held equal."""


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


def enter(config: Mapping[str, Any], entries: Sequence[str | Mapping[str, Any]], role: str) -> list[Contender]:
    """The entries as contenders, at the sizes that their YAML gives; names are made unique.

    Args:
        config: the bakeoff's resolved configuration.
        entries: model names, or mappings: ``model``, an optional ``name`` and ``seed_offset``, changes of the model's
            own arguments, and changes of ``optimizer`` or ``scheduler``.
        role: ``contender`` or ``baseline``.
    """
    contenders = [
        _enter(config, {"model": entry} if isinstance(entry, str) else dict(entry), role) for entry in entries
    ]
    for index, contender in enumerate(contenders):
        same = [other for other in contenders[:index] if other.name.split(" #")[0] == contender.name]
        if same:
            contender.name = f"{contender.name} #{len(same) + 1}"
    return contenders


def _enter(config: Mapping[str, Any], entry: dict[str, Any], role: str) -> Contender:
    model_name, seed_offset = entry.pop("model", None), int(entry.pop("seed_offset", 0))
    if model_name is None:
        raise ConfigError(
            "config.contender", "contenders", entry, "an entry names its model", allowed="{model: vit, ...}"
        )
    display_name = entry.pop("name", None)
    own = {section: entry[section] for section in PER_CONTENDER if section in entry}
    net = {key: value for key, value in entry.items() if key not in own}
    model = compose_section("model", model_name, {"net": net} if net else None)
    trial = copy.deepcopy(trial_config({**config, "seed": 0, "model": model}))
    for section, values in own.items():
        trial[section] |= values
    changes = ", ".join(f"{key}={value}" for key, value in entry.items())
    default_name = f"{model_name} ({changes})" if changes else model_name
    name = display_name or default_name
    return Contender(name=name, role=role, config=trial, overrides=entry, seed_offset=seed_offset)
