"""Who competes: the entries of ``contenders`` and ``baselines``, each as a full trial configuration at its size."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bakeoff.comparison.sizing import solve_size
from bakeoff.config.composition import compose_section
from bakeoff.data.spec import ImageSpec
from bakeoff.errors import ConfigError, nearest
from bakeoff.models.cost import build_on_meta, count_non_embedding, count_parameters, training_flops_per_example
from bakeoff.training.assembly import network, trial_config

PER_CONTENDER = ("optimizer", "scheduler")
"""Sections that a contender may change for itself; the others are held equal."""


@dataclass
class Contender:
    """A model entered in the bakeoff, at its size."""

    name: str
    role: str
    config: dict[str, Any]
    """The trial configuration; each trial adds its seed."""
    overrides: dict[str, Any]
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
    def family(self) -> str:
        """``cnn``, ``rnn``, ``transformer`` or ``baseline``."""
        return self.config["model"]["family"]


def enter(config: Mapping[str, Any], entries: Sequence[str | Mapping[str, Any]], role: str) -> list[Contender]:
    """The entries as contenders, at the sizes that their YAML gives; names are made unique.

    Args:
        config: the bakeoff's resolved configuration.
        entries: model names, or mappings: ``model``, an optional ``name``, changes of the model's own arguments, and
            changes of ``optimizer`` or ``scheduler``.
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
    model_name = entry.pop("model", None)
    if model_name is None:
        raise ConfigError(
            "config.contender", "contenders", entry, "an entry names its model", allowed="{model: vit, ...}"
        )
    display_name = entry.pop("name", None)
    trial = copy.deepcopy(trial_config({**config, "seed": 0, "model": compose_section("model", model_name)}))
    for key, value in entry.items():
        _change(trial, model_name, key, value)
    changes = ", ".join(f"{key}={value}" for key, value in entry.items())
    default_name = f"{model_name} ({changes})" if changes else model_name
    return Contender(name=display_name or default_name, role=role, config=trial, overrides=entry)


def _change(trial: dict[str, Any], model_name: str, key: str, value: Any) -> None:
    """Applies one change of an entry to its trial configuration."""
    net = trial["model"]["net"]
    if key in PER_CONTENDER and isinstance(value, Mapping):
        for name in value:
            if name not in trial[key]:
                raise _unknown(f"contenders.{model_name}.{key}.{name}", value[name], trial[key])
        trial[key] |= value
    elif key in net and key != "_target_":
        net[key] = value
    else:
        raise _unknown(f"contenders.{model_name}.{key}", value, [*net, *PER_CONTENDER])


def _unknown(key: str, value: Any, valid: Sequence[str] | Mapping[str, Any]) -> ConfigError:
    names = [name for name in valid if not name.startswith("_")]
    return ConfigError(
        "config.unknown_key", key, value, "no such argument", allowed=nearest(key.rsplit(".", 1)[-1], names)
    )


def fit_budget(contender: Contender, budget: Mapping[str, Any], spec: ImageSpec) -> None:
    """Turns the model's knobs until the network has the budget's size (rule 4), then counts what it costs.

    Arguments that the entry itself sets are not turned. Baselines keep their own size.

    Raises:
        ConfigError: no size comes within the tolerance, and ``budget.allow_mismatch`` is off.
    """
    if budget["mode"] == "params" and contender.role == "contender":
        knobs = [
            knob for knob in contender.config["model"].get("knobs") or [] if knob["arg"] not in contender.overrides
        ]
        sized = solve_size(
            lambda args: _count(contender, args, spec),
            knobs,
            target=int(budget["value"]),
            tolerance=float(budget["tolerance"]),
            allow_mismatch=bool(budget["allow_mismatch"]),
            name=contender.name,
        )
        contender.size_args, contender.relative_error = dict(sized.args), float(sized.relative_error)
        contender.config["model"]["net"] |= sized.args
    net = build_on_meta(lambda: network(contender.config, spec))
    contender.params = count_parameters(net)
    contender.non_embedding_params = count_non_embedding(net)
    contender.train_flops_per_example = training_flops_per_example(net, example_shape=spec.example_shape)


def _count(contender: Contender, args: Mapping[str, Any], spec: ImageSpec) -> int:
    config = copy.deepcopy(contender.config)
    config["model"]["net"] |= args
    return count_parameters(build_on_meta(lambda: network(config, spec)))
