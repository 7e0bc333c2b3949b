"""The one function through which every configured object is made."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bakeoff.config.allowlist import resolve
from bakeoff.errors import ConfigError, nearest

_FLAGS = ("_target_", "_partial_", "_recursive_", "_convert_")


def build(section: Any, key: str = "", /, **extra: Any) -> Any:
    """The object that a configuration section describes.

    A mapping with ``_target_`` becomes a call of what it names, with the mapping's other keys as arguments, nested
    mappings and lists built first; ``_partial_: true`` gives a ``functools.partial`` instead. Constructors receive
    plain dicts, lists and scalars, never OmegaConf containers. A mapping without ``_target_`` becomes a dict, null
    stays None.

    Args:
        section: a DictConfig, ListConfig, or plain dict or list.
        key: the section's dotted key, for errors; a DictConfig knows its own.
        **extra: arguments that only the program knows (a data spec, parameters to optimise); they pass through as they
            are, and win over the section's own.

    Raises:
        ConfigError: the target is not on the allowlist (`bakeoff.config.allowlist`), an argument is unknown or missing,
            or the constructor refuses a value with a ValueError.
    """
    if isinstance(section, DictConfig | ListConfig):
        key = key or section._get_full_key(None)
        section = _plain(section, key)
    return _build(section, extra, key)


def _plain(section: DictConfig | ListConfig, key: str) -> Any:
    try:
        return OmegaConf.to_container(section, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        where = str(getattr(error, "full_key", "") or key)
        raise ConfigError("config.missing_value", where, None, str(error).split("\n")[0]) from error


def _build(node: Any, extra: Mapping[str, Any], key: str) -> Any:
    if isinstance(node, Mapping):
        children = {name: value for name, value in node.items() if name not in _FLAGS}
        if node.get("_recursive_", True):
            children = {name: _build(value, {}, f"{key}.{name}".lstrip(".")) for name, value in children.items()}
        if "_target_" not in node:
            return {**children, **extra}
        target = resolve(node["_target_"], key=key or "config")
        return _call(target, {**children, **extra}, partial=bool(node.get("_partial_", False)), key=key)
    if isinstance(node, Sequence) and not isinstance(node, str | bytes):
        return [_build(item, {}, f"{key}.{index}".lstrip(".")) for index, item in enumerate(node)]
    return node


def _call(target: Callable[..., Any], arguments: dict[str, Any], *, partial: bool, key: str) -> Any:
    _check_arguments(target, arguments, partial=partial, key=key)
    if partial:
        return functools.partial(target, **arguments)
    try:
        return target(**arguments)
    except ValueError as error:
        where = key or target.__qualname__
        raise ConfigError("config.bad_value", where, None, str(error), next_step=f"bakeoff explain {where}") from error


def _check_arguments(target: Callable[..., Any], arguments: dict[str, Any], *, partial: bool, key: str) -> None:
    try:
        parameters = inspect.signature(target).parameters
    except ValueError:  # a class written in C without a signature says what is wrong itself
        return
    prefix = f"{key}." if key else ""
    names = [name for name, item in parameters.items() if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)]
    if not any(item.kind is item.VAR_KEYWORD for item in parameters.values()):
        for name in arguments.keys() - set(names):
            problem = f"{target.__qualname__} takes no such argument"
            allowed = [f"{prefix}{item}" for item in nearest(name, names)]
            raise ConfigError("config.unknown_key", f"{prefix}{name}", None, problem, allowed=allowed)
    required = [name for name in names if parameters[name].default is inspect.Parameter.empty]
    missing = [name for name in required if name not in arguments]
    if missing and not partial:
        problem = f"{target.__qualname__} needs {', '.join(missing)}"
        raise ConfigError(
            "config.missing_value", f"{prefix}{missing[0]}", None, problem, next_step=f"give {prefix}{missing[0]}"
        )
