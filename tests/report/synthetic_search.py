"""Search spaces and the points tried in them, and what a point does to a trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_SHARED: dict[str, dict[str, Any]] = {
    "optimizer.lr": {"low": 1e-4, "high": 1e-2, "scale": "log"},
    "optimizer.weight_decay": {"low": 1e-4, "high": 0.3, "scale": "log"},
}
_OWN: dict[str, dict[str, dict[str, Any]]] = {
    "cnn": {"model.net.activation": {"choices": ["relu", "gelu", "silu"]}},
    "rnn": {"model.net.rows": {"choices": [1, 2, 4]}},
    "transformer": {"model.net.dropout": {"low": 0.0, "high": 0.4, "scale": "linear"}},
}
_BEST_LR = {"cnn": 0.01, "rnn": 0.002, "transformer": 0.0012}
_STEEPNESS = {"cnn": 1.2, "rnn": 0.25, "transformer": 3.4}


def searched(family: str) -> dict[str, dict[str, Any]]:
    """The search space of a family as ``plan.json`` holds it; a baseline has none."""
    return {**_SHARED, **_OWN[family]} if family in _OWN else {}


def draw_points(family: str, count: int, seed_of: Callable[[int], int]) -> list[dict[str, Any]]:
    """Points from a stream of the family's own."""
    rng = np.random.default_rng(["cnn", "rnn", "transformer"].index(family) + 43) if family in _OWN else None
    if rng is None:
        return []
    space = searched(family)
    return [
        {"trial": k, "seed": seed_of(k), "values": {key: _draw(rng, found) for key, found in space.items()}}
        for k in range(count)
    ]


def effect(point: dict[str, Any]) -> float:
    """Logits that a point costs: the farther its learning rate from the family's best, the more."""
    values = point["values"]
    family = next(name for name, own in _OWN.items() if set(own) <= set(values))
    return -_STEEPNESS[family] * math.log10(values["optimizer.lr"] / _BEST_LR[family]) ** 2


def _draw(rng: np.random.Generator, dimension: dict[str, Any]) -> Any:
    if "choices" in dimension:
        return dimension["choices"][int(rng.integers(len(dimension["choices"])))]
    low, high = dimension["low"], dimension["high"]
    if dimension["scale"] == "log":
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))
