"""What the entries of ``contenders`` and ``baselines`` must satisfy."""

from __future__ import annotations

from typing import Any

from bakeoff.config.catalog import Catalog
from bakeoff.config.rules import MODEL_RANGES, SEED, fits, misfit, out_of_range
from bakeoff.config.schema import CONTENDER
from bakeoff.config.signatures import signature
from bakeoff.config.suggestions import nearest_keys
from bakeoff.config.tree import UNRESOLVED, get
from bakeoff.config.typed import type_errors
from bakeoff.errors import ConfigError, nearest

PER_CONTENDER = ("optimizer", "scheduler")
"""Sections of which a contender may change keys for itself; the others are held equal."""


def check(plain: dict[str, Any], catalog: Catalog) -> list[ConfigError]:
    """The errors of all entries of a plain configuration."""
    errors = _compared(plain.get("contenders"), catalog) if "paired" in plain else []
    for key in ("contenders", "baselines"):
        entries = plain.get(key)
        if not isinstance(entries, list):
            continue
        for index, entry in enumerate(entries):
            if entry is not UNRESOLVED:
                errors += _contender(f"{key}.{index}", entry, plain, catalog)
    return errors


def _compared(entries: Any, catalog: Catalog) -> list[ConfigError]:
    """A bakeoff is of two or more, which are trained."""
    names = [entry.get("model") if isinstance(entry, dict) else entry for entry in entries or ()]
    if len(names) == 1:
        return [ConfigError("config.contenders", "contenders", entries, "a comparison needs at least two")]
    errors = []
    for index, name in enumerate(names):
        if name in catalog.options("model") and catalog.content("model", str(name)).get("contract") == "FittedModel":
            problem, step = f"{name} is fitted in one go: it has no training to hold equal", f"baselines=[{name}]"
            errors.append(ConfigError("config.contender", f"contenders.{index}", name, problem, next_step=step))
    return errors


def _contender(key: str, entry: Any, plain: dict[str, Any], catalog: Catalog) -> list[ConfigError]:
    changes = dict(entry) if isinstance(entry, dict) else {"model": entry}
    name = changes.pop("model", None)
    if name is None:
        problem = "a contender with changes names its model"
        return [ConfigError("config.missing_value", f"{key}.model", None, problem, next_step="{model: vit, depth: 6}")]
    options = catalog.options("model")
    if name not in options:
        allowed = nearest(str(name), options, count=len(options))
        problem = "there is no such model"
        return [
            ConfigError("config.unknown_option", key, name, problem, allowed=allowed, next_step="bakeoff list models")
        ]
    model = catalog.content("model", str(name))
    errors = out_of_range(f"{key}.seed_offset", changes.get("seed_offset"), SEED, "bakeoff explain contenders")
    if not fits("model", model, plain):
        errors.append(misfit(key, "model", {**model, "name": name}, plain, catalog))
    for argument in MODEL_RANGES.keys() & changes.keys():
        step = f"bakeoff explain model.net.{argument} model={name}"
        errors += out_of_range(f"{key}.{argument}", changes[argument], MODEL_RANGES[argument], step)
    return errors + _types_of_changes(key, changes, model, plain) + _unknown_changes(key, changes, model, plain)


def _types_of_changes(
    key: str, changes: dict[str, Any], model: dict[str, Any], plain: dict[str, Any]
) -> list[ConfigError]:
    """Changes reach the constructors of the contender's network, optimizer and scheduler."""
    own = {name: value for name, value in changes.items() if name not in PER_CONTENDER}
    about = {"_target_": CONTENDER}
    taken = [
        (key, own, about, "contenders"),
        (key, own, get(model, "net"), f"model.net.{{}} model={model.get('name')}"),
    ]
    for name in [name for name in PER_CONTENDER if name in changes]:
        taken.append((f"{key}.{name}", changes[name], get(plain, name), f"{name}.{{}}"))
    errors = []
    for at, values, section, explained in taken:
        declared = signature(str(section.get("_target_"))) if isinstance(section, dict) else None
        if declared is not None and isinstance(values, dict):
            errors += type_errors(values, at, declared, explained=explained)
    return errors


def _unknown_changes(
    key: str, changes: dict[str, Any], model: dict[str, Any], plain: dict[str, Any]
) -> list[ConfigError]:
    """A contender may change its network's arguments, and its optimizer's and scheduler's."""
    valid = [f"{key}.{name}" for name in (*get(model, "net", {}), *PER_CONTENDER) if not name.startswith("_")]
    errors = []
    for name, value in changes.items():
        if name in PER_CONTENDER and isinstance(value, dict):
            inner = [f"{key}.{name}.{item}" for item in get(plain, name, {}) if not item.startswith("_")]
            wrong = [(f"{key}.{name}.{item}", inner) for item in value if f"{key}.{name}.{item}" not in inner]
        else:
            wrong = [] if name in ("name", "seed_offset") or f"{key}.{name}" in valid else [(f"{key}.{name}", valid)]
        problem = f"is no argument that the contender {model.get('name')} may change"
        errors += [
            ConfigError("config.unknown_key", at, None, problem, allowed=nearest_keys(at, of)) for at, of in wrong
        ]
    return errors
