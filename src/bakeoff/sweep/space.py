"""What a study searches: from YAML and from the command line to Optuna's distributions.

```yaml
optimizer.lr: {low: 3.0e-4, high: 1.0e-2, scale: log}       # whole numbers where both ends are
scheduler.warmup: {choices: [0.0, 0.05, 0.2]}
width: {factors: [0.5, 1.0, 2.0]}                           # times the model's main size setting
```

On the command line: ``optimizer.lr=tag(log, interval(1e-4, 1e-2))``, ``data.batch_size=32,64``, ``range(1, 9)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from hydra.core.override_parser.types import IntervalSweep, Override
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from bakeoff.config.jobs import plain
from bakeoff.config.keys import KeyState, find_key, known_keys
from bakeoff.config.search_ranges import range_error
from bakeoff.config.suggestions import nearest_keys
from bakeoff.errors import ConfigError

Distributions = dict[str, BaseDistribution]

_ONE_MODEL = ("task", "data", "model")


def search_space(config: Mapping[str, Any], overrides: Sequence[Override]) -> Distributions:
    """The distribution of each searched key: those of ``sweep`` (or ``model.search``), then the command line's.

    Choices are texts as they stand after the ``=`` of an override.

    Args:
        config: what all trials share, resolved.
        overrides: the command line's, searched and fixed.

    Raises:
        ConfigError: nothing to search, no range, or a choice of models, whose settings differ.
    """
    section = config.get("sweep") or {}
    named = section.get("space")
    named = (config["model"].get("search") or {}) if named is None else named
    fixed = {item.key_or_group for item in overrides if not item.is_sweep_override()}
    space = dict(_of_yaml(key, value, config) for key, value in named.items())
    space = {key: value for key, value in space.items() if key not in fixed}
    space |= dict(_of_override(item) for item in overrides if item.is_sweep_override())
    if not space:
        problem = f"model {config['model']['name']} names no settings to search"
        raise ConfigError("config.empty_search", "sweep", section.get("name"), problem, next_step="sweep=lr")
    return space


def addressed(space: Distributions, cfg: DictConfig, *, root: Sequence[str], groups: Sequence[str]) -> dict[str, str]:
    """Each searched key as an override names it: ``++key`` where no YAML file mentions it yet.

    Args:
        space: what is searched.
        cfg: the configuration that all trials share.
        root: the keys that may stand at its top.
        groups: the configuration groups.

    Raises:
        ConfigError: nothing reads such a key.
    """
    found = {}
    for key in space:
        state = KeyState.VALUE if key in groups else find_key(cfg, key, root)
        if state in (KeyState.UNKNOWN, KeyState.SECTION):
            allowed = nearest_keys(key, known_keys(plain(cfg)))
            raise ConfigError("config.unknown_key", f"sweep.space.{key}", None, "no such value", allowed=allowed)
        found[key] = f"++{key}" if state is KeyState.NEW else key
    return found


def override_text(value: Any) -> str:
    """A value as it stands after the ``=`` of an override."""
    if isinstance(value, str):
        plain = value.replace("_", "a").replace("-", "a").isalnum() and not value[0].isdigit()
        return value if plain else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{override_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(override_text, value)) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def plain_value(value: Any) -> Any:
    """A trial's parameter as a YAML file would say it."""
    return yaml.safe_load(value) if isinstance(value, str) else value


def _of_yaml(key: str, space: Any, config: Mapping[str, Any]) -> tuple[str, BaseDistribution]:
    name = f"sweep.space.{key}"
    if key == "width" and isinstance(space, Mapping) and space.get("factors"):
        return _sizes(space["factors"], config)
    return key, _distribution(name, space)


def _distribution(key: str, space: Any) -> BaseDistribution:
    if (error := range_error(key, space)) is not None:
        raise error
    if space.get("choices"):
        return CategoricalDistribution([override_text(value) for value in space["choices"]])
    low, high, log = space["low"], space["high"], space.get("scale") == "log"
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _sizes(factors: Sequence[float], config: Mapping[str, Any]) -> tuple[str, BaseDistribution]:
    """Multiples of the model's main size setting, each on the grid that the setting's knob allows."""
    model = config["model"]
    if not model.get("knobs"):
        raise ConfigError("config.empty_search", "sweep.space.width", None, f"model {model['name']} has no width")
    knob = model["knobs"][0]
    step, smallest = knob.get("step", 1), knob["minimum"]
    sizes = [max(smallest, round(factor * model["net"][knob["arg"]] / step) * step) for factor in factors]
    texts = [override_text(size if isinstance(step, int) else float(f"{size:.10g}")) for size in sizes]
    return f"model.net.{knob['arg']}", CategoricalDistribution(list(dict.fromkeys(texts)))


def _of_override(override: Override) -> tuple[str, BaseDistribution]:
    key, value = override.key_or_group, override.value()
    if key in _ONE_MODEL:
        problem = "a study searches the settings of one model on one data set"
        step = f"bakeoff compare for a choice of {key}, or a study for each"
        raise ConfigError("config.sweep_kind", key, str(override.input_line).partition("=")[2], problem, next_step=step)
    if isinstance(value, IntervalSweep):
        ends = {"low": value.start, "high": value.end, "scale": "log" if "log" in value.tags else "linear"}
        return key, _distribution(key, ends)
    return key, CategoricalDistribution(list(override.sweep_string_iterator()))
