"""Equal tuning effort: independent random search, each contender with a stream of its own (rules 6-8, 11).

A model's search space lives beside it, in ``conf/model/<name>.yaml``:

```yaml
search:
  optimizer.lr: {low: 3.0e-4, high: 1.0e-2, scale: log}
  model.net.dropout: {low: 0.0, high: 0.3, scale: linear}
  scheduler.warmup: {choices: [0.0, 0.05, 0.2]}
```

Sampling is plain random, since only independent trials are exchangeable, which the family claim needs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bakeoff.config.search_ranges import range_error
from bakeoff.config.tree import flatten
from bakeoff.errors import ConfigError, nearest
from bakeoff.record.contenders import Contender, Point

EDGE = 0.05
"""Rule 11: a best trial nearer to an end of its range than this share of the range earns a warning."""


def draw_points(contenders: Sequence[Contender], tune: Mapping[str, Any]) -> None:
    """Gives every contender ``tune.trials`` points of its search space, each with a fresh seed.

    Raises:
        ConfigError: a contender without a search space, spaces of unequal dimension, a
            key that the contender does not have, or one that the budget sets.
    """
    dimensions = {contender.name: len(contender.search) for contender in contenders}
    if len(set(dimensions.values())) > 1 or 0 in dimensions.values():
        words = ", ".join(f"{name} {count}" for name, count in dimensions.items())
        problem = f"equal tuning needs search spaces of the same number of dimensions; here {words}"
        raise ConfigError(
            "config.unequal_search", "model.search", None, problem, next_step="give each model's YAML the same number"
        )
    for contender in contenders:
        _check_keys(contender)
        random = np.random.default_rng(_stream(contender.name, int(tune["seed"])))
        contender.points = [
            Point(
                trial,
                int(random.integers(2**31)),
                {key: _draw(random, range_) for key, range_ in contender.search.items()},
            )
            for trial in range(int(tune["trials"]))
        ]


def _stream(name: str, seed: int) -> int:
    """A seed that depends on the contender's name, not on its place in the list."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")


def _draw(random: np.random.Generator, space: Mapping[str, Any]) -> Any:
    if "choices" in space:
        return space["choices"][int(random.integers(len(space["choices"])))]
    low, high = _ends(space)
    value = float(random.uniform(low, high))
    return math.exp(value) if space.get("scale") == "log" else value


def _ends(space: Mapping[str, Any]) -> tuple[float, float]:
    """Both ends, on the scale that is drawn from."""
    low, high = float(space["low"]), float(space["high"])
    return (math.log(low), math.log(high)) if space.get("scale") == "log" else (low, high)


def _check_keys(contender: Contender) -> None:
    known = set(flatten(contender.config))
    sized = {f"model.net.{arg}" for arg in contender.size_args}
    for key, space in contender.search.items():
        name = f"model.search.{key}"
        if key not in known:
            raise ConfigError(
                "config.unknown_key", name, None, f"{contender.name} has no such key", allowed=nearest(key, known)
            )
        if key in sized:
            raise ConfigError("config.contradiction", name, None, f"the budget sets {key} of {contender.name}")
        if (error := range_error(name, space)) is not None:
            raise error


def edges(contenders: Sequence[Contender], validation: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """The searched settings whose best trial lies within 5 % of an end of its range (rule 11).

    Args:
        contenders: tuned.
        validation: of each contender, its trials' validation scores in order, higher is better.
    """
    found = []
    for contender in contenders:
        best = contender.points[int(np.argmax(validation[contender.name]))]
        for key, space in contender.search.items():
            if "choices" in space:
                continue
            low, high = _ends(space)
            value = math.log(best.values[key]) if space.get("scale") == "log" else best.values[key]
            if not EDGE <= (value - low) / (high - low) <= 1 - EDGE:
                ends = {"low": space["low"], "high": space["high"]}
                found.append({"contender": contender.name, "key": key, "value": best.values[key], **ends})
    return found
