"""Who competes: the entries of ``contenders`` and ``baselines``, each as a full trial configuration at its size."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.config.composition import compose_section
from bakeoff.config.contenders import PER_CONTENDER
from bakeoff.errors import ConfigError
from bakeoff.record.contenders import Contender
from bakeoff.training.trial.configuration import TrialConfig


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
    trial = copy.deepcopy(TrialConfig.of({**config, "seed": 0, "model": model}).raw)
    for section, values in own.items():
        trial[section] |= values
    changes = ", ".join(f"{key}={value}" for key, value in entry.items())
    default_name = f"{model_name} ({changes})" if changes else model_name
    name = display_name or default_name
    return Contender.of(name, role, trial, overrides=entry, seed_offset=seed_offset)
