"""A composed configuration as plain values, with what could not be resolved set aside as errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from bakeoff.errors import ConfigError, nearest


class Unresolved:
    """Stands where a value is missing or its interpolation fails; checks skip it, since the error is already told."""

    def __repr__(self) -> str:
        return "???"


UNRESOLVED = Unresolved()
_ENVIRONMENT = re.compile(r"Environment variable '([^']+)' not found")
_REFERENCE = re.compile(r"Interpolation key '([^']+)' not found")


def resolve_tree(config: DictConfig) -> tuple[dict[str, Any], list[ConfigError]]:
    """The configuration as nested dicts and lists, and an error for each value that is missing or can't be resolved."""
    errors: list[ConfigError] = []
    plain = _resolve(config, "", errors, sorted(flatten(OmegaConf.to_container(config, resolve=False))))
    return plain, errors


def flatten(tree: Any, prefix: str = "") -> Iterator[str]:
    """The dotted keys of all mappings in a plain tree, inner ones too."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield f"{prefix}{key}"
            yield from flatten(value, f"{prefix}{key}.")


def targets(tree: Any, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping with a ``_target_`` in a plain tree, with its dotted key."""
    if isinstance(tree, dict):
        if "_target_" in tree:
            yield prefix, tree
        for name, value in tree.items():
            yield from targets(value, f"{prefix}.{name}".lstrip("."))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from targets(value, f"{prefix}.{index}".lstrip("."))


def get(tree: Any, key: str, default: Any = None) -> Any:
    """The value at a dotted key of a plain tree; ``default`` where there is none or it could not be resolved."""
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return default
        tree = tree[part]
    return default if tree is UNRESOLVED else tree


def _resolve(node: DictConfig | ListConfig, prefix: str, errors: list[ConfigError], keys: list[str]) -> Any:
    if isinstance(node, ListConfig):
        return [_value(node, index, f"{prefix}{index}", errors, keys) for index in range(len(node))]
    return {str(key): _value(node, key, f"{prefix}{key!s}", errors, keys) for key in node}


def _value(node: DictConfig | ListConfig, key: Any, full: str, errors: list[ConfigError], keys: list[str]) -> Any:
    if OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
        errors.append(ConfigError("config.missing_value", full, "???", "must be given", next_step=f"{full}=VALUE"))
        return UNRESOLVED
    try:
        value = node[key]
    except InterpolationToMissingValueError:
        return UNRESOLVED  # told where the missing value itself stands
    except (OmegaConfBaseException, RecursionError) as error:
        raw: Any = OmegaConf.to_container(node, resolve=False)
        text = str(raw[key])
        errors += _interpolation_errors(full, text, error, keys)
        return UNRESOLVED
    if isinstance(value, DictConfig | ListConfig):
        return _resolve(value, f"{full}.", errors, keys)
    return value


def _interpolation_errors(full: str, text: str, error: BaseException, keys: list[str]) -> list[ConfigError]:
    message = str(error).split("\n")[0]
    environment, reference = _ENVIRONMENT.search(message), _REFERENCE.search(message)
    if environment:
        name, problem = environment[1], f"the environment variable {environment[1]} is not set"
        step = f"export {name}=..., or give {full}=..."
        # A value that only refers to the value with the variable has no error of its own.
        return [ConfigError("config.missing_env", full, text, problem, next_step=step)] if name in text else []
    if reference:
        problem = f"refers to {reference[1]}, which does not exist"
        return [ConfigError("config.bad_interpolation", full, text, problem, allowed=nearest(reference[1], keys))]
    return [ConfigError("config.bad_interpolation", full, text, message or type(error).__name__)]
